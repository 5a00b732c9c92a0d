//! The folder in which the local system keeps its state.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use crate::{DataFolder, local::StartError};

/// An open data folder, locked against a second process until it is dropped.
#[derive(Debug)]
pub(crate) struct OpenFolder {
    path: PathBuf,
    _lock: File,
}

impl OpenFolder {
    /// Makes the folder if need be and locks it; `None` when everything stays in memory.
    pub(crate) fn open(folder: &DataFolder) -> Result<Option<Self>, StartError> {
        let DataFolder::Folder(path) = folder else { return Ok(None) };
        let failed =
            |error: io::Error| StartError::DataFolder { path: path.clone(), reason: error.to_string() };
        create_private_folder(path).map_err(failed)?;
        let lock = private_file(&path.join("lock")).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => Ok(Some(Self { path: path.clone(), _lock: lock })),
            Err(TryLockError::WouldBlock) => Err(StartError::DataFolderInUse(path.clone())),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }

    /// A file of the folder.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// A file of the folder that nobody else on the machine may read, made if need be.
    pub(crate) fn private_file(&self, name: &str) -> Result<PathBuf, StartError> {
        let path = self.file(name);
        private_file(&path)
            .map_err(|error| StartError::DataFolder { path: self.path.clone(), reason: error.to_string() })?;
        Ok(path)
    }

    /// The text kept under this name; made and kept on first use.
    pub(crate) fn kept_text(&self, name: &str, make: impl FnOnce() -> String) -> Result<String, StartError> {
        let failed =
            |error: io::Error| StartError::DataFolder { path: self.path.clone(), reason: error.to_string() };
        let mut file = private_file(&self.file(name)).map_err(failed)?;
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(failed)?;
        if text.trim().is_empty() {
            text = make();
            file.write_all(text.as_bytes()).map_err(failed)?;
            file.sync_all().map_err(failed)?;
        }
        Ok(text.trim().to_owned())
    }
}

// The folder holds signing keys: nobody else on the machine may read it.
#[cfg(unix)]
fn create_private_folder(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

#[cfg(not(unix))]
fn create_private_folder(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)
}

fn private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(path: &Path) -> Result<Option<OpenFolder>, StartError> {
        OpenFolder::open(&DataFolder::Folder(path.to_owned()))
    }

    #[test]
    fn a_second_process_cannot_use_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let first = open(folder.path()).unwrap();
        assert!(matches!(open(folder.path()), Err(StartError::DataFolderInUse(_))));
        drop(first);
        assert!(open(folder.path()).unwrap().is_some());
    }

    #[test]
    fn a_kept_text_is_made_once() {
        let folder = tempfile::tempdir().unwrap();
        let open = open(folder.path()).unwrap().unwrap();
        assert_eq!(open.kept_text("key", || "first".to_owned()).unwrap(), "first");
        assert_eq!(open.kept_text("key", || "second".to_owned()).unwrap(), "first");
    }

    #[test]
    fn a_file_in_the_place_of_the_folder_is_named_in_the_error() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let error = open(&file.join("data")).unwrap_err().to_string();
        assert!(
            error.starts_with("cannot write to the data folder") && error.contains("file/data"),
            "{error}"
        );
    }
}
