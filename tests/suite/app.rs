//! The program itself: start, what surrounds every answer, modes, stop.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    path::Path,
    process::{Child, ChildStdout, Command, Output, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::support::scratch::Scratch;

/// A running `tenderhall`.
struct Hall {
    child: Child,
    address: String,
    // Kept open, since a program that writes to a closed pipe dies.
    _stdout: BufReader<ChildStdout>,
    took: Duration,
}

fn program(command: &str, data: &Path) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_tenderhall"));
    program.arg(command).args(["--listen", "127.0.0.1:0", "--data"]).arg(data).current_dir(data);
    program
}

impl Hall {
    fn start(command: &str, data: &Path, more: &[&str]) -> Self {
        let began = Instant::now();
        let mut child = program(command, data).args(more).stdout(Stdio::piped()).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening http://").expect("the first line").to_owned();
        let mut hall = Self { child, address, _stdout: stdout, took: Duration::ZERO };
        assert_eq!(hall.ask("GET", "/health/ready").0, 200);
        hall.took = began.elapsed();
        hall
    }

    /// Status, head and body of one request on a connection of its own.
    fn ask(&self, method: &str, path: &str) -> (u16, String, String) {
        self.send(&format!("{method} {path} HTTP/1.1\r\nhost: hall\r\nconnection: close\r\n\r\n"))
    }

    fn send(&self, request: &str) -> (u16, String, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, head.to_lowercase(), body.to_owned())
    }

    fn resident_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    fn terminate(mut self) -> (bool, Duration) {
        let began = Instant::now();
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        (self.child.wait().unwrap().success(), began.elapsed())
    }
}

impl Drop for Hall {
    fn drop(&mut self) {
        let _ended = self.child.kill().and_then(|()| self.child.wait());
    }
}

fn code(body: &str) -> String {
    let document: Value = serde_json::from_str(body).unwrap();
    document["code"].as_str().unwrap().to_owned()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_production_hall_starts_answers_strictly_and_stops() {
    let scratch = Scratch::new("serve");
    let hall = Hall::start("serve", scratch.path(), &[]);

    let (status, head, body) = hall.ask("GET", "/api/v1/nothing-here");
    assert_eq!((status, code(&body).as_str()), (404, "not-found"));
    for header in [
        "x-request-id: ",
        "x-content-type-options: nosniff",
        "content-security-policy: ",
        "application/problem+json",
    ] {
        assert!(head.contains(header), "{header} is missing in {head}");
    }
    let (status, head, body) = hall.ask("DELETE", "/api/v1/problems");
    assert_eq!((status, code(&body).as_str()), (405, "method-not-allowed"));
    assert!(head.contains("allow: get, head, options"), "{head}");
    assert_eq!(hall.ask("OPTIONS", "/api/v1/problems").0, 204);
    let (status, head, body) = hall.ask("HEAD", "/api/v1/problems");
    assert_eq!((status, body.as_str()), (200, ""));
    assert!(!head.contains("content-length: 0"), "{head}");
    let (_, _, body) = hall.ask("GET", "/api/v1/problems");
    assert!(body.contains("\"sandbox-only\""));
    let (status, _, body) = hall.ask("GET", "/api/openapi.json");
    let api: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, api["openapi"].as_str()), (200, Some("3.1.0")));
    assert!(api["paths"]["/api/v1/sandbox/clock"]["post"].is_object());
    let (status, _, body) = hall.ask("GET", "/api/docs/");
    assert!(status == 200 && body.contains("swagger-ui"));
    assert_eq!(hall.ask("GET", "/metrics").0, 404, "metrics are shown on their own port only");
    let (status, ..) = hall.ask("POST", "/api/v1/sandbox/clock");
    assert!(status == 401 || status == 415, "{status}");

    let idle = hall.resident_kib();
    assert!(idle < 60 * 1024 || cfg!(debug_assertions), "{idle} KiB at rest");
    println!("first start {:?}, {idle} KiB at rest", hall.took);

    let output = program("serve", scratch.path()).output().unwrap();
    assert!(!output.status.success() && said(&output).contains("in use"), "{}", said(&output));

    let (well, stopped_in) = hall.terminate();
    assert!(well && stopped_in < Duration::from_secs(5), "{well} {stopped_in:?}");

    let again = Hall::start("serve", scratch.path(), &[]);
    println!("second start {:?}", again.took);
    assert!(again.took < Duration::from_secs(2) || cfg!(debug_assertions), "{:?}", again.took);
    assert!(again.terminate().0);

    let output = program("demo", scratch.path()).output().unwrap();
    assert!(!output.status.success() && said(&output).contains("production hall"), "{}", said(&output));
}

#[test]
fn a_sandbox_starts_in_the_past_and_never_serves() {
    let scratch = Scratch::new("demo");
    let hall = Hall::start(
        "demo",
        scratch.path(),
        &["--start", "2026-02-09T09:00:00+08:00", "--password", "a sandbox word"],
    );
    assert!(hall.terminate().0);
    let output = program("serve", scratch.path()).output().unwrap();
    assert!(!output.status.success() && said(&output).contains("are a sandbox"), "{}", said(&output));
}

#[test]
fn metrics_have_their_own_port_and_the_keys_are_private() {
    let scratch = Scratch::new("metrics");
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let place = format!("127.0.0.1:{port}");
    let hall = Hall::start("serve", scratch.path(), &["--metrics-listen", &place]);
    assert_eq!(hall.ask("GET", "/api/v1/problems").0, 200);
    let metrics =
        ureq::get(format!("http://{place}/metrics")).call().unwrap().body_mut().read_to_string().unwrap();
    assert!(
        metrics.contains("http_requests_total{") && metrics.contains("route=\"/api/v1/problems\""),
        "{metrics}"
    );
    assert!(metrics.contains("http_request_seconds_bucket"), "{metrics}");
    let key = std::fs::metadata(scratch.path().join("keys/token.key")).unwrap();
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&key.permissions()) & 0o777, 0o400);
    assert!(hall.terminate().0);
}

#[test]
fn a_wrong_setting_stops_the_start_by_name() {
    let scratch = Scratch::new("settings");
    let output = program("serve", scratch.path()).env("TENDERHALL__HTTP__WORKERS", "none").output().unwrap();
    assert!(!output.status.success());
    assert!(said(&output).contains("TENDERHALL__HTTP__WORKERS"), "{}", said(&output));
}
