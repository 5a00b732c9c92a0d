//! Files that are read and written whole.

use std::{fs, io, path::Path};

use super::ExpandError;

/// The text of a file, if it exists.
pub(crate) fn read_if_there(path: &Path) -> Result<Option<String>, ExpandError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(ExpandError::File { verb: "read", path: path.to_owned(), source }),
    }
}

/// Writes a file, and the folder that it is in, unless it holds the text already. Whoever reads it meanwhile sees the old text or the new one.
pub(crate) fn write(path: &Path, text: &str) -> Result<(), ExpandError> {
    if read_if_there(path)?.as_deref() == Some(text) {
        return Ok(());
    }
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let new = path.with_file_name(name);
    let made = path.parent().map_or(Ok(()), fs::create_dir_all);
    let written = made.and_then(|()| fs::write(&new, text)).and_then(|()| fs::rename(&new, path));
    written.map_err(|source| {
        // What is left of the attempt is of no use.
        let _ = fs::remove_file(&new);
        ExpandError::File { verb: "write", path: path.to_owned(), source }
    })
}
