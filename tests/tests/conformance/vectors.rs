//! The reference's decisions: of the repository, or of the folder that `PORTCULLIS_CONFORMANCE` names.

use std::{
    collections::BTreeMap,
    env,
    fs::{self, File},
    io::{Read, Write},
    path::PathBuf,
    process::{Command, ExitStatus, Stdio},
    thread,
};

use flate2::read::GzDecoder;
use portcullis_tests::{Result, binary, repository};
use serde_json::Value;
use tempfile::NamedTempFile;

/// Names another folder of vectors: the same files, not compressed.
const OTHER_FOLDER: &str = "PORTCULLIS_CONFORMANCE";

/// The repository's folders: given vectors, and more that were made in the same way.
const FOLDERS: [&str; 2] = ["tests/conformance", "tests/conformance/more"];

/// A folder of vectors.
pub(crate) struct Vectors {
    folder: PathBuf,
    are_ours: bool,
}

/// The file of expanded APIs by the name of their schema, and the folder of them in a folder of others.
const EXPANDED: (&str, &str) = ("sdl.json", "sdl");

/// One JSON object by the `id` of its line.
pub(crate) type ById = BTreeMap<String, Value>;

impl Vectors {
    pub(crate) fn find() -> Vec<Self> {
        match env::var_os(OTHER_FOLDER) {
            Some(folder) => vec![Self { folder: folder.into(), are_ours: false }],
            None => {
                let ours = FOLDERS.map(|folder| Self { folder: repository().join(folder), are_ours: true });
                ours.into()
            }
        }
    }

    /// Whether these are the vectors that the list of deviations speaks of.
    pub(crate) fn are_ours(&self) -> bool {
        self.are_ours
    }

    /// Whether there is such a file.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.path(name).is_file()
    }

    /// The file, for people.
    pub(crate) fn name(&self, name: &str) -> String {
        let folder = self.folder.file_name().map(|folder| folder.to_string_lossy());
        format!("{}/{name}", folder.unwrap_or_default())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(if self.are_ours { format!("{name}.gz") } else { name.to_owned() })
    }

    pub(crate) fn text(&self, name: &str) -> Result<String> {
        let mut file = File::open(self.path(name))?;
        let mut text = String::new();
        if self.are_ours {
            GzDecoder::new(file).read_to_string(&mut text)?;
        } else {
            file.read_to_string(&mut text)?;
        }
        Ok(text)
    }

    /// The schemas by name.
    pub(crate) fn schemas(&self) -> Result<ById> {
        Ok(serde_json::from_str(&self.text("schemas.json")?)?)
    }

    pub(crate) fn lines(&self, name: &str) -> Result<ById> {
        by_id(&self.text(name)?)
    }

    /// The API that the reference makes of each schema, by the name of the schema.
    pub(crate) fn expanded(&self) -> Result<BTreeMap<String, String>> {
        if self.are_ours {
            return Ok(serde_json::from_str(&self.text(EXPANDED.0)?)?);
        }
        let folder = self.folder.join(EXPANDED.1);
        if !folder.is_dir() {
            return Ok(BTreeMap::new());
        }
        let mut expanded = BTreeMap::new();
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "graphql") {
                let name = path.file_stem().map(|name| name.to_string_lossy().into_owned());
                expanded.insert(name.unwrap_or_default(), fs::read_to_string(path)?);
            }
        }
        Ok(expanded)
    }

    /// What the built binary answers to these cases, told to answer them in this way.
    ///
    /// A process works on one case at a time, so there is one for each core.
    pub(crate) fn ask(&self, cases: &[&Value], way: &[&str]) -> Result<ById> {
        let schemas = temporary(&self.text("schemas.json")?)?;
        let lines: Vec<String> = cases.iter().map(ToString::to_string).collect();
        let processes = thread::available_parallelism()?.get();
        let mut running = Vec::new();
        for part in lines.chunks(lines.len().div_ceil(processes).max(1)) {
            let (cases, answers) = (temporary(&part.join("\n"))?, NamedTempFile::new()?);
            let process = decide(&schemas, &cases)?.args(way).stdout(answers.reopen()?).spawn()?;
            running.push((process, answers));
        }
        let mut all = ById::new();
        for (mut process, answers) in running {
            finished(process.wait()?)?;
            all.append(&mut by_id(&fs::read_to_string(answers.path())?)?);
        }
        Ok(all)
    }

    /// What the built binary answers to a file of cases.
    pub(crate) fn answers(&self, cases: &str) -> Result<ById> {
        self.answers_to(&self.text(cases)?)
    }

    /// What the built binary answers to cases.
    pub(crate) fn answers_to(&self, cases: &str) -> Result<ById> {
        let schemas = temporary(&self.text("schemas.json")?)?;
        let output = decide(&schemas, &temporary(cases)?)?.output()?;
        finished(output.status)?;
        by_id(&String::from_utf8(output.stdout)?)
    }
}

fn decide(schemas: &NamedTempFile, cases: &NamedTempFile) -> Result<Command> {
    let mut command = Command::new(binary()?);
    command.arg("decide").arg("--schemas").arg(schemas.path());
    command.env("PORTCULLIS_LOG", "warn").stdin(cases.reopen()?).stderr(Stdio::inherit());
    Ok(command)
}

fn finished(status: ExitStatus) -> Result<()> {
    if status.success() { Ok(()) } else { Err(format!("portcullis decide: {status}").into()) }
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
