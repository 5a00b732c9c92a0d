//! Clients that others have written, installed as their lock files say.

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{Result, build_folder, repository};

/// What an installation by npm is made from.
const NPM_FILES: &[&str] = &["package.json", "package-lock.json", ".npmrc"];

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
    let folder = installed_by_npm(client, NPM_FILES)?;
    place(&client_sources(client), script, &folder)?;
    Ok(folder.join(script))
}

/// The folder in which a client of Node is installed, with these files of its in it.
///
/// # Errors
///
/// When npm fails; the first run needs the network.
pub fn npm_scripts(client: &str, scripts: &[&str]) -> Result<PathBuf> {
    let folder = installed_by_npm(client, NPM_FILES)?;
    for script in scripts {
        place(&client_sources(client), script, &folder)?;
    }
    Ok(folder)
}

/// Puts a file into an installation: an import is looked up from where the script lies, and one installation serves several
/// tests at once, none of which must find half a file.
fn place(sources: &Path, file: &str, folder: &Path) -> Result<()> {
    let wanted = fs::read(sources.join(file))?;
    let place = folder.join(file);
    if fs::read(&place).ok().as_ref() != Some(&wanted) {
        let mut new = tempfile::NamedTempFile::new_in(folder)?;
        new.write_all(&wanted)?;
        new.persist(place)?;
    }
    Ok(())
}

/// The folder in which the packages are installed of which a file of the repository is built, with what builds it: these files
/// of this folder.
///
/// # Errors
///
/// When npm fails; the first run needs the network.
pub fn npm_build(sources: &Path, name: &str, files: &[&str]) -> Result<PathBuf> {
    let all: Vec<&str> = NPM_FILES.iter().chain(files).copied().collect();
    installed_from(sources, name, &all, npm_install)
}

/// A program that comes in a package of npm.
///
/// # Errors
///
/// When npm fails; the first run needs the network.
pub fn npm_program(client: &str, program: &str) -> Result<PathBuf> {
    let folder = installed_by_npm(client, NPM_FILES)?;
    Ok(folder.join("node_modules/.bin").join(program))
}

fn installed_by_npm(client: &str, files: &[&str]) -> Result<PathBuf> {
    installed_client(client, files, npm_install)
}

fn npm_install(folder: &Path) -> Result<()> {
    let mut install = Command::new("npm");
    install
        .args(["ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"])
        .current_dir(folder);
    run("npm ci", &mut install)
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
    installed_from(&client_sources(client), client, files, install)
}

fn installed_from(
    sources: &Path,
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
        wanted.push((file, fs::read(sources.join(file))?));
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
