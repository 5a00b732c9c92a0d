//! A program that plays AWS on this machine.

use std::{
    net::{Ipv4Addr, TcpListener},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::Result;

/// How long a start may take on a machine that is busy with other tests.
const START_TIME: Duration = Duration::from_secs(60);

/// A started emulator, which ends with this value.
#[derive(Debug)]
pub struct Emulator {
    child: Child,
    /// Where it listens.
    pub url: String,
}

impl Emulator {
    /// Starts a program that is told its port, and waits until it accepts connections.
    ///
    /// # Errors
    ///
    /// When it ends by itself, or does not listen in time.
    pub fn start(configure: impl FnOnce(u16) -> Command) -> Result<Self> {
        // Freed at once: the emulator cannot be told to choose a port and to say which.
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let mut command = configure(port);
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let mut emulator = Self { child, url: format!("http://127.0.0.1:{port}") };
        let deadline = Instant::now() + START_TIME;
        while std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            if let Some(status) = emulator.child.try_wait()? {
                return Err(format!("the emulator has ended: {status}").into());
            }
            if Instant::now() > deadline {
                return Err("the emulator does not listen".into());
            }
            thread::sleep(Duration::from_millis(50));
        }
        Ok(emulator)
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // Its functions end when they lose it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
