//! Child processes that cannot outlive their test, and what they said.

use std::{
    io::{BufRead as _, BufReader, Read},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, mpsc},
    thread,
    time::{Duration, Instant},
};

/// What a finished command left.
#[derive(Debug)]
pub struct Finished {
    /// How it ended.
    pub status: ExitStatus,
    /// Standard output.
    pub output: String,
    /// Standard error.
    pub errors: String,
}

impl Finished {
    /// Panics with everything it said unless it succeeded.
    pub fn succeeded(self) -> Self {
        assert!(self.status.success(), "{}\n{}\n{}", self.status, self.output, self.errors);
        self
    }

    /// The last line of standard error, which is the sentence for the user.
    #[must_use]
    pub fn sentence(&self) -> &str {
        self.errors.lines().next_back().unwrap_or_default()
    }
}

/// Runs a command to its end, at most a minute.
pub fn finish(command: &mut Command) -> Finished {
    Running::start(command).wait(Duration::from_mins(1))
}

/// A child process; killed when this is dropped.
pub struct Running {
    child: Child,
    lines: mpsc::Receiver<String>,
    output: Arc<Mutex<String>>,
    errors: Arc<Mutex<String>>,
    readers: Vec<thread::JoinHandle<()>>,
}

impl Running {
    /// Starts it with its output read all the time.
    pub fn start(command: &mut Command) -> Self {
        let piped = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = piped.spawn().unwrap_or_else(|error| panic!("{command:?} cannot be started: {error}"));
        let (sender, lines) = mpsc::channel();
        let (output, errors) = (Arc::default(), Arc::default());
        let mut readers = Vec::new();
        if let Some(pipe) = child.stdout.take() {
            readers.push(read(pipe, Arc::clone(&output), Some(sender)));
        }
        if let Some(pipe) = child.stderr.take() {
            readers.push(read(pipe, Arc::clone(&errors), None));
        }
        Self { child, lines, output, errors, readers }
    }

    /// Number of the process.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The first line of standard output from now on that `found` makes something of.
    pub fn expect<T>(&mut self, what: &str, patience: Duration, found: impl Fn(&str) -> Option<T>) -> T {
        let until = Instant::now() + patience;
        loop {
            match self.lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    if let Some(value) = found(&line) {
                        return value;
                    }
                }
                Err(error) => {
                    panic!("no {what} within {patience:?} ({error}); it said:\n{}\n{}", self.output(), self.errors())
                }
            }
        }
    }

    /// Standard output so far.
    #[must_use]
    pub fn output(&self) -> String {
        self.output.lock().map(|text| text.clone()).unwrap_or_default()
    }

    /// Standard error so far.
    #[must_use]
    pub fn errors(&self) -> String {
        self.errors.lock().map(|text| text.clone()).unwrap_or_default()
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(Some(_)))
    }

    /// Waits for its end.
    #[must_use]
    pub fn wait(mut self, patience: Duration) -> Finished {
        let until = Instant::now() + patience;
        loop {
            if let Ok(Some(status)) = self.child.try_wait() {
                for reader in self.readers.drain(..) {
                    let _ = reader.join();
                }
                return Finished { status, output: self.output(), errors: self.errors() };
            }
            assert!(Instant::now() < until, "no end within {patience:?}:\n{}\n{}", self.output(), self.errors());
            thread::park_timeout(Duration::from_millis(10));
        }
    }

    /// Asks it to end in order, and waits.
    #[must_use]
    pub fn stop(self) -> Finished {
        let sent = Command::new("kill").arg(self.id().to_string()).status();
        assert!(sent.is_ok_and(|status| status.success()), "process {} cannot be told to end", self.id());
        self.wait(Duration::from_secs(30))
    }

    /// Ends it at once, as a power cut would.
    pub fn kill(mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read(
    pipe: impl Read + Send + 'static,
    all: Arc<Mutex<String>>,
    lines: Option<mpsc::Sender<String>>,
) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            if let Ok(mut all) = all.lock() {
                all.push_str(&line);
                all.push('\n');
            }
            if let Some(lines) = &lines {
                let _ = lines.send(line);
            }
        }
    })
}
