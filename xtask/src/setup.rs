//! Set-up: what building and testing need beside Rust, put into the cache where it is missing.
//!
//! Each file beside this one owns one tool: how it is found, and how it is installed. Finding never
//! changes anything, so `doctor` asks the same questions.

pub(crate) mod browser;
pub(crate) mod cargo_tool;
pub(crate) mod debian;
mod debian_compiler;
pub(crate) mod firefox;
pub(crate) mod wasm_opt;
pub(crate) mod web_compiler;
pub(crate) mod webkit;

use crate::npm;
use crate::project::Project;
use crate::setup::browser::Browser;
use crate::setup::cargo_tool::CargoTool;
use crate::setup::firefox::Firefox;
use crate::setup::wasm_opt::WasmOpt;
use crate::setup::web_compiler::WebCompiler;
use crate::setup::webkit::WebKit;
use anyhow::Result;
use std::path::PathBuf;

/// What builds the page.
pub(crate) struct PageTools {
    /// What compiles Rust for the browser.
    pub(crate) compiler: WebCompiler,
    /// Trunk itself.
    pub(crate) trunk: PathBuf,
    /// The folder of wasm-bindgen's command, and its version.
    pub(crate) bindgen: (PathBuf, String),
    /// What makes the compiled page smaller.
    pub(crate) wasm_opt: WasmOpt,
}

/// Sets up what building needs.
pub(crate) fn for_building(project: &Project) -> Result<PageTools> {
    let compiler = WebCompiler::ensure(project)?;
    let trunk = CargoTool::trunk().ensure(project)?;
    let bindgen = CargoTool::wasm_bindgen(project)?;
    let tools = PageTools {
        compiler,
        trunk,
        bindgen: (bindgen.ensure(project)?, bindgen.version),
        wasm_opt: WasmOpt::ensure(project)?,
    };
    cargo_tool::clear_leftovers(project)?;
    Ok(tools)
}

/// Sets up what the tests need beside the page: three browsers, Node, and cargo-deny.
pub(crate) fn for_testing(project: &Project) -> Result<(Browser, Firefox, WebKit)> {
    let browsers = (for_browsing(project)?, Firefox::ensure(project)?, WebKit::ensure(project)?);
    CargoTool::deny().ensure(project)?;
    cargo_tool::clear_leftovers(project)?;
    Ok(browsers)
}

/// Sets up what drives the page in a browser.
pub(crate) fn for_browsing(project: &Project) -> Result<Browser> {
    npm::ensure(project)?;
    Browser::ensure(project)
}

/// The command `setup`.
pub(crate) fn everything(project: &Project) -> Result<()> {
    let _lock = project.lock()?;
    for_building(project)?;
    for_testing(project)?;
    crate::report::say("everything is set up");
    Ok(())
}
