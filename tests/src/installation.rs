//! Clients that others have written, installed as their lock files say.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
};

use crate::{Result, build_folder, repository};

/// The folder of a client's own files.
#[must_use]
pub fn client_sources(client: &str) -> PathBuf {
    repository().join("tests/clients").join(client)
}

/// The script of a client of Node, in the folder in which the client is installed: an import is looked up from where a script lies.
///
/// # Errors
///
/// When npm fails; the first run needs the network.
pub fn npm_client(client: &str, script: &str) -> Result<PathBuf> {
    let folder = installed_by_npm(client, &["package.json", "package-lock.json", ".npmrc"])?;
    // An import is looked up from where the script lies. One installation serves several.
    fs::copy(client_sources(client).join(script), folder.join(script))?;
    Ok(folder.join(script))
}

/// A program that comes in a package of npm.
///
/// # Errors
///
/// When npm fails; the first run needs the network.
pub fn npm_program(client: &str, program: &str) -> Result<PathBuf> {
    let folder = installed_by_npm(client, &["package.json", "package-lock.json", ".npmrc"])?;
    Ok(folder.join("node_modules/.bin").join(program))
}

fn installed_by_npm(client: &str, files: &[&str]) -> Result<PathBuf> {
    installed_client(client, files, |folder| {
        let mut install = Command::new("npm");
        install
            .args(["ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"])
            .current_dir(folder);
        run("npm ci", &mut install)
    })
}

/// The Python in which a client's packages are installed, each as its hash says.
///
/// # Errors
///
/// When pip fails; the first run needs the network.
pub fn python_client(client: &str) -> Result<PathBuf> {
    let folder = installed_client(client, &["requirements.txt"], |folder| {
        let venv = folder.join("venv");
        run("python3 -m venv", Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
        let mut install = Command::new(venv.join("bin/pip"));
        install.args([
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--no-deps",
            "--require-hashes",
            "--requirement",
        ]);
        run("pip install", install.arg(folder.join("requirements.txt")))
    })?;
    Ok(folder.join("venv/bin/python"))
}

/// The folder in which a client is installed, as these files say; installs it when one of them is new.
///
/// # Errors
///
/// When it cannot be installed.
pub fn installed_client(
    client: &str,
    files: &[&str],
    install: impl FnOnce(&Path) -> Result<()>,
) -> Result<PathBuf> {
    let clients = build_folder()?.join("clients");
    fs::create_dir_all(&clients)?;
    // Tests run at once, and in several processes; one of them installs.
    let turn = File::create(clients.join(format!("{client}.lock")))?;
    turn.lock()?;
    let folder = clients.join(client);
    let mut wanted = Vec::new();
    for file in files {
        wanted.push((file, fs::read(client_sources(client).join(file))?));
    }
    let done = folder.join("installed");
    let current =
        wanted.iter().all(|(file, wanted)| fs::read(folder.join(file)).ok().as_ref() == Some(wanted));
    if !(current && done.is_file()) {
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        for (file, content) in &wanted {
            fs::write(folder.join(file), content)?;
        }
        install(&folder)?;
        // Written last: an installation that was broken off is not taken for a whole one.
        fs::write(done, "")?;
    }
    Ok(folder)
}

/// Runs a step of an installation.
///
/// # Errors
///
/// When it fails; the text holds what it printed.
pub fn run(name: &str, command: &mut Command) -> Result<()> {
    let ended = command.output().map_err(|error| format!("{name}: {error}"))?;
    if ended.status.success() {
        return Ok(());
    }
    Err(format!(
        "{name} failed; the first run needs the network\n{}\n{}",
        String::from_utf8_lossy(&ended.stdout),
        String::from_utf8_lossy(&ended.stderr)
    )
    .into())
}
