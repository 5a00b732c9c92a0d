//! The load generator, which is `wrk`.

use std::{io::Write, net::SocketAddr, process::Command, time::Duration};

pub(crate) const BODY: &str = r#"{"title":"tea at five","content":"with or without milk"}"#;

/// What is asked again and again.
pub(crate) enum Request {
    /// To read the record with this id.
    Get(String),
    /// To make one.
    Create,
}

/// What a round came to.
pub(crate) struct Load {
    pub(crate) requests: u64,
    pub(crate) seconds: f64,
}

impl Load {
    pub(crate) const CONNECTIONS: u32 = 8;

    /// Asks for so long.
    ///
    /// # Panics
    ///
    /// When `wrk` is missing or any answer is an error: what fails fast is no throughput.
    pub(crate) fn run(
        address: &SocketAddr,
        token: Option<&str>,
        request: &Request,
        length: Duration,
    ) -> Self {
        let (path, head) = match request {
            Request::Get(id) => (format!("/notes/{id}"), String::new()),
            Request::Create => (
                "/notes".to_owned(),
                format!(
                    "wrk.method = 'POST'\nwrk.body = '{BODY}'\nwrk.headers['content-type'] = 'application/json'\n"
                ),
            ),
        };
        let authorization = token
            .map(|token| format!("wrk.headers['authorization'] = 'Bearer {token}'\n"))
            .unwrap_or_default();
        let mut script = tempfile::Builder::new().suffix(".lua").tempfile().unwrap();
        let done = "done = function(summary)\n  local e = summary.errors\n  \
            io.write('figures ', summary.requests, ' ', summary.duration, ' ', \
            e.connect + e.read + e.write + e.status + e.timeout, '\\n')\nend\n";
        script.write_all([&head, &authorization, done].concat().as_bytes()).unwrap();
        let output = Command::new("wrk")
            .args(["--threads", "1", "--connections", &Self::CONNECTIONS.to_string()])
            .args(["--duration", &format!("{}s", length.as_secs()), "--script"])
            .arg(script.path())
            .arg(format!("http://{address}{path}"))
            .output()
            .unwrap_or_else(|error| panic!("wrk, the load generator, cannot be run: {error}"));
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let figures = said.lines().find_map(|line| line.strip_prefix("figures "));
        let figures: Vec<f64> = figures.map_or_else(
            || panic!("wrk told no figures: {said}"),
            |figures| figures.split(' ').map(|figure| figure.parse().unwrap()).collect(),
        );
        let [requests, microseconds, errors] = figures[..] else { panic!("wrk told {figures:?}") };
        assert!(errors == 0.0 && requests > 0.0, "answers that are errors: {said}");
        Self { requests: requests as u64, seconds: microseconds / 1e6 }
    }
}
