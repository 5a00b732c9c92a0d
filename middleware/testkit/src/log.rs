use std::{
    io, mem,
    sync::{Arc, Mutex},
};

use serde_json::Value;

/// What has been logged. Clones are the same log, so that one writes and another reads:
///
/// ```
/// use std::io::Write;
/// use portcullis_testkit::Log;
///
/// let log = Log::default();
/// let mut writer = log.clone();
/// writeln!(writer, r#"{{"message": "trigger answered"}}"#)?;
/// assert_eq!(log.lines()[0]["message"], "trigger answered");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// All of it.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).expect("a log is text")
    }

    /// What has been logged since the last time that this was asked.
    #[must_use]
    pub fn take(&self) -> String {
        String::from_utf8(mem::take(&mut *self.0.lock().unwrap())).expect("a log is text")
    }

    /// Its lines, each of which is JSON.
    #[must_use]
    pub fn lines(&self) -> Vec<Value> {
        self.text()
            .lines()
            .map(|line| serde_json::from_str(line).expect("a line of the log is JSON"))
            .collect()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
