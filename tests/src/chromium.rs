//! A real browser: Debian's Chromium, driven by a script of Node. Screenshots are kept in `target/browser`.

use std::{fs, process::Command};

use crate::{Result, build_folder, missing, npm_scripts};

/// What it is called by those who distribute it.
const NAMES: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// An installed Chromium.
#[derive(Debug)]
pub struct Chromium(String);

impl Chromium {
    /// The one of this machine, unless it or Node is missing.
    ///
    /// # Panics
    ///
    /// Where nothing may be missing.
    #[must_use]
    pub fn find() -> Option<Self> {
        let path_of = |name: &&str| {
            let found = Command::new("sh").args(["-c", &format!("command -v {name}")]).output().ok()?;
            found.status.success().then(|| String::from_utf8_lossy(&found.stdout).trim().to_owned())
        };
        let found = NAMES.iter().find_map(path_of);
        let probe = found.as_deref().unwrap_or("chromium");
        let needed: [(&str, &[&str]); 3] =
            [(probe, &["--version"]), ("node", &["--version"]), ("npm", &["--version"])];
        if missing("Chromium, or Node", &needed) { None } else { found.map(Self) }
    }

    /// Runs a script of `tests/clients/browser`, which needs these other files and is told these variables.
    ///
    /// # Errors
    ///
    /// When a step of it fails; the text holds what it printed.
    pub fn run(&self, script: &str, further: &[&str], variables: &[(&str, &str)]) -> Result<()> {
        let files: Vec<&str> = [script, "chromium.js"].into_iter().chain(further.iter().copied()).collect();
        let folder = npm_scripts("browser", &files)?;
        let screenshots = build_folder()?.join("browser");
        fs::create_dir_all(&screenshots)?;
        let mut command = Command::new("node");
        command.arg(folder.join(script)).env("CHROMIUM", &self.0).env("SCREENSHOTS", screenshots);
        // Loopback is never reached through a proxy.
        command.env("NO_PROXY", "127.0.0.1").env("no_proxy", "127.0.0.1");
        let ended = command.envs(variables.iter().copied()).output()?;
        let printed = String::from_utf8_lossy(&ended.stdout);
        if ended.status.success() && !printed.is_empty() {
            return Ok(());
        }
        Err(format!("{script} failed\n{printed}\n{}", String::from_utf8_lossy(&ended.stderr)).into())
    }
}
