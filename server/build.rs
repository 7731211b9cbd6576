//! Makes a release build notice that the client in `dist/` was built anew. (A debug build reads the folder
//! when it runs, so it need not know.)

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("PROFILE").is_ok_and(|profile| profile == "release") {
        println!("cargo::rerun-if-changed=../dist");
    }
}
