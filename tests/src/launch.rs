//! How the binary is started.

use std::{
    env, fs,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use crate::{CODE, LocalSystem, Result, binary, repository};

/// How long a start that must fail may take.
const REFUSAL_TIME: Duration = Duration::from_secs(10);

/// The arguments of the binary: free ports, the repository's schema, a fixed confirmation code.
#[derive(Clone, Debug)]
pub struct Launch {
    data: String,
    schema: String,
    /// Of the API, the user pool and DynamoDB.
    ports: [u16; 3],
    log: &'static str,
    arguments: Vec<String>,
    variables: Vec<(&'static str, String)>,
}

/// A start that failed, as it should.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// The exit code, unless a signal ended it.
    pub code: Option<i32>,
    /// What it printed to the standard error stream.
    pub error: String,
}

impl Launch {
    /// Keeps its state in this folder.
    #[must_use]
    pub fn in_folder(data: &Path) -> Self {
        Self::keeping(data.to_string_lossy().into_owned())
    }

    /// Keeps no state.
    #[must_use]
    pub fn in_memory() -> Self {
        Self::keeping(":memory:".to_owned())
    }

    fn keeping(data: String) -> Self {
        let schema = repository().join("schema.graphql").to_string_lossy().into_owned();
        Self { data, schema, ports: [0; 3], log: "info", arguments: Vec::new(), variables: Vec::new() }
    }

    /// Reads another schema.
    #[must_use]
    pub fn schema(mut self, schema: &Path) -> Self {
        self.schema = schema.to_string_lossy().into_owned();
        self
    }

    /// Listens on these ports: of the API, the user pool and DynamoDB.
    #[must_use]
    pub fn ports(mut self, ports: [u16; 3]) -> Self {
        self.ports = ports;
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn arguments(mut self, arguments: &[&str]) -> Self {
        self.arguments.extend(arguments.iter().map(|&argument| argument.to_owned()));
        self
    }

    /// Sets a variable of the environment, which is empty otherwise.
    #[must_use]
    pub fn variable(mut self, name: &'static str, value: &str) -> Self {
        self.variables.push((name, value.to_owned()));
        self
    }

    /// Logs from this level on.
    #[must_use]
    pub fn log(mut self, level: &'static str) -> Self {
        self.log = level;
        self
    }

    /// Starts the system and waits until it is ready.
    ///
    /// # Errors
    ///
    /// When the binary is not built, ends, or is not ready in time; the text holds what it printed.
    pub fn start(&self) -> Result<LocalSystem> {
        LocalSystem::wait_for(self.command()?.spawn()?)
    }

    /// Starts the system where it cannot start, and waits until it has given up.
    ///
    /// # Errors
    ///
    /// When it is still running after ten seconds.
    pub fn refused(&self) -> Result<Refusal> {
        let error_file = tempfile::NamedTempFile::new()?;
        let mut child = self.command()?.stdout(Stdio::null()).stderr(error_file.reopen()?).spawn()?;
        let started = Instant::now();
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok(Refusal { code: status.code(), error: fs::read_to_string(error_file.path())? });
            }
            if started.elapsed() > REFUSAL_TIME {
                child.kill()?;
                child.wait()?;
                return Err("the system started where it should have refused".into());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn command(&self) -> Result<Command> {
        let [port, pool_port, dynamodb_port] = self.ports.map(|port| port.to_string());
        let mut command = Command::new(binary()?);
        command
            // What the developer has set for AWS or for the functions is not part of the test.
            .env_clear()
            .envs(env::var_os("PATH").map(|path| ("PATH", path)))
            .env("PORTCULLIS_LOG", self.log)
            .args(["--port", &port, "--pool-port", &pool_port, "--dynamodb-port", &dynamodb_port])
            .args(["--storage-port", "0"])
            .args(["--data", &self.data, "--schema", &self.schema, "--code", CODE])
            .args(&self.arguments)
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        Ok(command)
    }
}
