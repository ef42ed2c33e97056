//! A fake proxy: a small one that knows `CONNECT` only, and fails in the ways a test asks for.

use std::{
    io::{Read as _, Write as _},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

/// What it does with whoever asks.
#[derive(Debug, Clone, Copy)]
#[allow(dead_code)] // each test uses some
pub enum Manner {
    /// Connects.
    Connects,
    /// Answers with this line and closes.
    Answers(&'static str),
    /// Says that it has connected, then sends these bytes instead of the other end's.
    Instead(&'static [u8]),
}

/// Serves until the test ends.
pub struct FakeProxy {
    pub address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl FakeProxy {
    pub fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&asked);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (stream, heard) = (stream.unwrap(), Arc::clone(&heard));
                thread::spawn(move || serve(stream, manner, &heard));
            }
        });
        Self { address, asked }
    }

    /// As the configuration names it.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The first lines of all requests so far.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn serve(mut client: TcpStream, manner: Manner, asked: &Mutex<Vec<String>>) -> Option<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        client.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    let line = String::from_utf8(head).unwrap().lines().next().unwrap().to_owned();
    let target = line.split(' ').nth(1).unwrap().to_owned();
    asked.lock().unwrap().push(line);
    let server = match manner {
        Manner::Connects => TcpStream::connect(target),
        Manner::Answers(line) => {
            return client.write_all(format!("{line}\r\nConnection: close\r\n\r\n").as_bytes()).ok();
        }
        Manner::Instead(bytes) => {
            client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").ok()?;
            let _ = client.read(&mut [0; 4096]); // the greeting of TLS
            client.write_all(bytes).ok()?;
            return client.shutdown(Shutdown::Both).ok();
        }
    };
    let Ok(mut server) = server else {
        return client.write_all(b"HTTP/1.1 502 Bad Gateway\r\n\r\n").ok();
    };
    client.write_all(b"HTTP/1.1 200 Connection established\r\nVia: fake\r\n\r\n").ok()?;
    let (mut from_server, mut to_client) = (server.try_clone().ok()?, client.try_clone().ok()?);
    let back = thread::spawn(move || {
        let _ = std::io::copy(&mut from_server, &mut to_client);
        let _ = to_client.shutdown(Shutdown::Write);
    });
    let _ = std::io::copy(&mut client, &mut server);
    let _ = server.shutdown(Shutdown::Write);
    back.join().ok()
}
