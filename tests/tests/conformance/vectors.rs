//! The reference's decisions: of the repository, or of the folder that `PORTCULLIS_CONFORMANCE` names.

use std::{
    collections::BTreeMap,
    env, fs,
    fs::File,
    io::{Read, Write},
    path::PathBuf,
    process::{Command, Stdio},
};

use flate2::read::GzDecoder;
use portcullis_tests::{Result, binary, repository};
use serde_json::Value;
use tempfile::NamedTempFile;

/// Names another folder of vectors: the same files, not compressed.
const OTHER_FOLDER: &str = "PORTCULLIS_CONFORMANCE";

/// A folder of vectors.
pub(crate) struct Vectors {
    other: Option<PathBuf>,
}

/// One JSON object by the `id` of its line.
pub(crate) type ById = BTreeMap<String, Value>;

impl Vectors {
    pub(crate) fn find() -> Self {
        Self { other: env::var_os(OTHER_FOLDER).map(PathBuf::from) }
    }

    /// Whether these are the vectors that the list of deviations speaks of.
    pub(crate) fn are_ours(&self) -> bool {
        self.other.is_none()
    }

    /// Whether there is such a file.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.other.as_ref().is_none_or(|folder| folder.join(name).is_file())
    }

    pub(crate) fn text(&self, name: &str) -> Result<String> {
        let mut text = String::new();
        match &self.other {
            Some(folder) => text = fs::read_to_string(folder.join(name))?,
            None => {
                let path = repository().join("tests/conformance").join(format!("{name}.gz"));
                GzDecoder::new(File::open(path)?).read_to_string(&mut text)?;
            }
        }
        Ok(text)
    }

    pub(crate) fn lines(&self, name: &str) -> Result<ById> {
        by_id(&self.text(name)?)
    }

    /// What the built binary answers to a file of cases.
    pub(crate) fn answers(&self, cases: &str) -> Result<ById> {
        let schemas = temporary(&self.text("schemas.json")?)?;
        let cases = temporary(&self.text(cases)?)?;
        let output = Command::new(binary()?)
            .arg("decide")
            .arg("--schemas")
            .arg(schemas.path())
            .stdin(cases.reopen()?)
            .stderr(Stdio::inherit())
            .output()?;
        if !output.status.success() {
            return Err(format!("portcullis decide: {}", output.status).into());
        }
        by_id(&String::from_utf8(output.stdout)?)
    }
}

fn temporary(text: &str) -> Result<NamedTempFile> {
    let mut file = NamedTempFile::new()?;
    file.write_all(text.as_bytes())?;
    Ok(file)
}

fn by_id(text: &str) -> Result<ById> {
    let mut lines = ById::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let value: Value = serde_json::from_str(line)?;
        let id = value.get("id").and_then(Value::as_str).ok_or("a line without an id")?.to_owned();
        if let Some(twice) = lines.insert(id, value) {
            return Err(format!("two lines with one id: {twice}").into());
        }
    }
    Ok(lines)
}
