//! How the client's files are served.

use anyhow::{Context, Result, ensure};
use reqwest::{Method, Response, StatusCode, header};
use samsyn_tests::api::Api;
use samsyn_tests::server::Server;

fn header_of(response: &Response, name: header::HeaderName) -> String {
    response.headers().get(name).and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned()
}

/// The addresses of scripts, styles and WebAssembly that the page names.
fn assets(html: &str) -> Vec<String> {
    let quoted = html.split(['"', '\'']).filter(|part| part.starts_with('/') && !part.contains(' '));
    let files = quoted.filter(|part| [".js", ".css", ".wasm"].iter().any(|end| part.ends_with(end)));
    let mut files: Vec<_> = files.map(str::to_owned).collect();
    files.sort();
    files.dedup();
    files
}

async fn index(api: &Api) -> Result<Response> {
    let response = api.get("/", None).await?;
    ensure!(response.status() == StatusCode::OK, "{}", response.status());
    Ok(response)
}

#[tokio::test]
async fn the_page_is_never_cached_and_runs_no_script_but_its_own() -> Result<()> {
    let server = Server::start().await?;
    let api = Api::of(&server)?;
    for path in ["/", "/m/AAAAAAAAAAAAAAAA"] {
        let response = api.get(path, None).await?;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        assert_eq!(header_of(&response, header::CACHE_CONTROL), "no-cache");
        let policy = header_of(&response, header::CONTENT_SECURITY_POLICY);
        let scripts = policy.split(';').find(|part| part.trim_start().starts_with("script-src"));
        let scripts = scripts.with_context(|| format!("no script-src in {policy}"))?;
        assert!(!scripts.contains("'unsafe-inline'") && !scripts.contains('*'), "{scripts}");
        assert!(!scripts.contains("'unsafe-eval'"), "{scripts}");
        assert!(policy.contains("frame-ancestors"), "{policy}");
        assert_eq!(header_of(&response, header::X_CONTENT_TYPE_OPTIONS), "nosniff");
        assert_eq!(header_of(&response, header::REFERRER_POLICY), "no-referrer");
    }
    Ok(())
}

#[tokio::test]
async fn hashed_files_are_cached_for_ever_and_come_in_brotli_to_those_who_take_it() -> Result<()> {
    let server = Server::start().await?;
    let api = Api::of(&server)?;
    let files = assets(&index(&api).await?.text().await?);
    assert!(files.iter().any(|file| file.ends_with(".wasm")), "no WebAssembly among {files:?}");
    for file in files {
        let plain = api.get(&file, None).await?;
        assert_eq!(plain.status(), StatusCode::OK, "{file}");
        assert!(header_of(&plain, header::CACHE_CONTROL).contains("immutable"), "{file}");
        assert_eq!(header_of(&plain, header::CONTENT_ENCODING), "", "{file}");
        let request = api.request(Method::GET, &file).header(header::ACCEPT_ENCODING, "gzip, br");
        let small = request.send().await?;
        assert_eq!(header_of(&small, header::CONTENT_ENCODING), "br", "{file}");
        assert_eq!(header_of(&small, header::CONTENT_TYPE), header_of(&plain, header::CONTENT_TYPE));
        assert!(header_of(&small, header::VARY).to_lowercase().contains("accept-encoding"), "{file}");
        assert!(small.bytes().await?.len() < plain.bytes().await?.len(), "{file}");
    }
    Ok(())
}

#[tokio::test]
async fn the_server_is_one_file_that_needs_nothing_beside_it() -> Result<()> {
    // The harness runs it with an empty data directory; the page can only come out of the program.
    let server = Server::start().await?;
    assert_eq!(std::fs::read_dir(server.data())?.flatten().filter(|e| e.file_name() == "dist").count(), 0);
    let html = index(&Api::of(&server)?).await?.text().await?;
    assert!(!assets(&html).is_empty(), "{html}");
    Ok(())
}

#[tokio::test]
async fn an_address_that_is_nothing_is_404() -> Result<()> {
    let server = Server::start().await?;
    let api = Api::of(&server)?;
    for path in ["/nothing.js", "/../Cargo.toml", "/%2e%2e/Cargo.toml", "/api/nothing", "/sync/x"] {
        assert_eq!(api.get(path, None).await?.status(), StatusCode::NOT_FOUND, "{path}");
    }
    Ok(())
}
