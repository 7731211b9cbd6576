//! `cargo xtask doctor`: what is there and what is missing, without changing anything.

use crate::npm;
use crate::process;
use crate::project::Project;
use crate::report::say;
use crate::setup::browser::Browser;
use crate::setup::cargo_tool::CargoTool;
use crate::setup::firefox::Firefox;
use crate::setup::wasm_opt::WasmOpt;
use crate::setup::web_compiler::WebCompiler;
use crate::setup::webkit::WebKit;
use anyhow::Result;

/// Says what was found, a line each.
pub(crate) fn doctor(project: &Project) -> Result<()> {
    say(&format!("cache: {}", project.cache.display()));
    say(&format!("build cache: {}", project.target.display()));
    let mut missing = 0;
    let mut line = |what: &str, found: Option<String>| match found {
        Some(found) => say(&format!("{what}: {found}")),
        None => {
            missing += 1;
            say(&format!("{what}: missing"));
        }
    };
    line("rustc", version("rustc"));
    let compiler = WebCompiler::find(project)?;
    line("compiler for the page", compiler.map(|compiler| compiler.name()).transpose()?);
    for tool in [CargoTool::trunk(), CargoTool::wasm_bindgen(project)?, CargoTool::deny()] {
        let found = tool.find(project).map(|program| program.display().to_string());
        line(&tool.name(), found);
    }
    line(
        "wasm-opt",
        WasmOpt::find(project).map(|found| format!("{} {}", found.program.display(), found.version)),
    );
    line("node", version("node"));
    line("npm", npm::present().then(|| version("npm")).flatten());
    line(
        "browser",
        Browser::find()
            .map(|browser| format!("{} with {}", browser.chromium.display(), browser.chromedriver.display())),
    );
    line(
        "Firefox",
        Firefox::find(project)
            .map(|found| format!("{} with {}", found.firefox.display(), found.geckodriver.display())),
    );
    line(
        "WebKit",
        WebKit::find().map(|found| format!("{} on {}", found.driver.display(), found.screen.display())),
    );
    if missing == 0 {
        say("nothing is missing");
    } else {
        say(&format!("{missing} missing; `cargo xtask setup` installs what it can"));
    }
    Ok(())
}

fn version(program: &str) -> Option<String> {
    process::on_path(program)?;
    let said = process::answer(process::command(program).arg("--version")).ok()?;
    Some(said.trim().to_string())
}
