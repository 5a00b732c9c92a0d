//! The running system.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, Command, ExitStatus},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{self, RecvTimeoutError, Sender},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use crate::{Pool, Rest, Result};

/// Every confirmation code of a system under test.
pub const CODE: &str = "123456";

/// How long a start may take on a machine that is busy with other tests.
const START_TIME: Duration = Duration::from_secs(60);

/// How long an orderly end may take before the test gives up on it.
const END_TIME: Duration = Duration::from_secs(20);

/// A started system: what it printed about itself, and its process, which ends with this value.
#[derive(Debug)]
pub struct LocalSystem {
    child: Child,
    /// The address of the API.
    pub api: String,
    /// The address of the user pool.
    pub pool: String,
    /// The address of DynamoDB.
    pub dynamodb: String,
    /// The user pool's id.
    pub pool_id: String,
    /// The id of its client.
    pub client_id: String,
    /// A key that opens what is public.
    pub api_key: String,
    /// The id of the identity pool.
    pub identity_pool_id: String,
    /// The address of the bucket, if there is one.
    pub bucket: Option<String>,
    output: Lines,
    log: Lines,
    readers: Vec<JoinHandle<()>>,
}

impl LocalSystem {
    /// Reads what the process prints until it is ready.
    pub(crate) fn wait_for(mut child: Child) -> Result<Self> {
        let (sender, printed) = mpsc::channel();
        let output = Lines::default();
        let log = Lines::default();
        let mut readers = vec![
            output.collect(child.stdout.take().ok_or("the standard output is not piped")?, Some(sender)),
            log.collect(child.stderr.take().ok_or("the standard error is not piped")?, None),
        ];

        let started = Instant::now();
        let problem = loop {
            match printed.recv_timeout(START_TIME.saturating_sub(started.elapsed())) {
                Ok(line) if line.starts_with("ready") => break None,
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout) => break Some("is not ready in time"),
                Err(RecvTimeoutError::Disconnected) => break Some("ended before it was ready"),
            }
        };
        if let Some(problem) = problem {
            child.kill()?;
            child.wait()?;
            read_to_the_end(&mut readers);
            return Err(
                format!("the system {problem}; it printed:\n{}\n{}", output.text(), log.text()).into()
            );
        }

        let text = output.text();
        let named = |name: &str| {
            let value = text.lines().find_map(|line| {
                let (label, value) = line.split_once("  ")?;
                (label.trim() == name).then(|| value.trim().to_owned())
            });
            value.ok_or_else(|| format!("the system printed no line for `{name}`:\n{text}"))
        };
        Ok(Self {
            api: named("API")?,
            pool: named("user pool")?,
            dynamodb: named("DynamoDB")?,
            pool_id: named("user pool id")?,
            client_id: named("client id")?,
            api_key: named("API key")?,
            identity_pool_id: named("identity pool")?,
            bucket: named("bucket").ok(),
            child,
            output,
            log,
            readers,
        })
    }

    /// A client of its user pool.
    #[must_use]
    pub fn users(&self) -> Pool {
        Pool::new(&self.pool, &self.pool_id, &self.client_id)
    }

    /// A client of its API.
    #[must_use]
    pub fn rest(&self) -> Rest {
        Rest::new(&self.api)
    }

    /// The ports that it listens on: of the API, the user pool and DynamoDB.
    ///
    /// # Errors
    ///
    /// When an address that it printed has no port.
    pub fn ports(&self) -> Result<[u16; 3]> {
        let port = |address: &str| -> Result<u16> {
            let (_, port) = address.rsplit_once(':').ok_or_else(|| format!("`{address}` has no port"))?;
            Ok(port.trim_end_matches('/').parse()?)
        };
        Ok([port(&self.api)?, port(&self.pool)?, port(&self.dynamodb)?])
    }

    /// What it has printed so far for the person who started it.
    #[must_use]
    pub fn output(&self) -> String {
        self.output.text()
    }

    /// What it has logged so far.
    #[must_use]
    pub fn log(&self) -> String {
        self.log.text()
    }

    /// Ends the process at once, as a power failure would (SIGKILL).
    ///
    /// # Errors
    ///
    /// When there is no such process any more.
    pub fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        read_to_the_end(&mut self.readers);
        Ok(())
    }

    /// Asks the process to end (SIGTERM, or SIGINT as Ctrl-C sends it), and tells how it ended and after how long.
    ///
    /// # Errors
    ///
    /// When it goes on.
    pub fn end(&mut self, signal: &str) -> Result<(ExitStatus, Duration)> {
        let asked = Instant::now();
        let kill = format!("kill -s {signal} {}", self.child.id());
        if !Command::new("sh").args(["-c", &kill]).status()?.success() {
            return Err(format!("`{kill}` failed").into());
        }
        while asked.elapsed() < END_TIME {
            if let Some(status) = self.child.try_wait()? {
                let elapsed = asked.elapsed();
                read_to_the_end(&mut self.readers);
                return Ok((status, elapsed));
            }
            thread::sleep(Duration::from_millis(2));
        }
        Err(format!("the system goes on after {signal}").into())
    }
}

impl Drop for LocalSystem {
    fn drop(&mut self) {
        // It may have ended already, as the test wanted it to.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until all that an ended process has printed is read.
fn read_to_the_end(readers: &mut Vec<JoinHandle<()>>) {
    for reader in readers.drain(..) {
        // One that panicked has read what it could.
        let _ = reader.join();
    }
}

/// The lines that a stream has given so far.
#[derive(Clone, Debug, Default)]
struct Lines(Arc<Mutex<String>>);

impl Lines {
    /// Reads the stream to its end on a thread of its own, so that the process never waits for a reader.
    fn collect(&self, stream: impl Read + Send + 'static, each: Option<Sender<String>>) -> JoinHandle<()> {
        let lines = self.clone();
        thread::spawn(move || {
            for line in BufReader::new(stream).lines().map_while(std::io::Result::ok) {
                let mut text = lines.0.lock().unwrap_or_else(PoisonError::into_inner);
                text.push_str(&line);
                text.push('\n');
                drop(text);
                if let Some(each) = &each {
                    // Nobody listens any more once the system is ready.
                    let _ = each.send(line);
                }
            }
        })
    }

    fn text(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
