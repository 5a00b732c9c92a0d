//! Loopback sockets, bound before anything is started.

use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::TcpListener;

use crate::local::StartError;

/// A bound socket and the address it got.
#[derive(Debug)]
pub(crate) struct Listener {
    pub(crate) socket: TcpListener,
    pub(crate) address: SocketAddr,
}

impl Listener {
    /// Binds a port on loopback; 0 picks a free one.
    pub(crate) async fn bind(port: u16, what: &'static str, flag: &'static str) -> Result<Self, StartError> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let failed =
            |error: std::io::Error| StartError::Listen { address, what, reason: plain(&error), flag };
        let socket = TcpListener::bind(address).await.map_err(failed)?;
        let address = socket.local_addr().map_err(failed)?;
        Ok(Self { socket, address })
    }

    /// The URL under which clients reach it.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

fn plain(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::AddrInUse => "the port is in use".to_owned(),
        std::io::ErrorKind::PermissionDenied => "the system does not allow this port".to_owned(),
        _ => error.to_string(),
    }
}
