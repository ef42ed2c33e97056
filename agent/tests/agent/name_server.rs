//! A fake name server: knows where the aggregator is, in whatever domain it is asked, and the address of one machine.

use std::{
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    sync::{Arc, Mutex},
    thread,
};

const A: u16 = 1;
const SRV: u16 = 33;
/// Length of the header of a message (RFC 1035, 4.1.1).
const HEADER: usize = 12;

/// Serves until the test ends.
#[derive(Debug)]
pub struct FakeNameServer {
    #[allow(dead_code)] // of use where the system chose it
    pub address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl FakeNameServer {
    /// At this address says that the service is at `port` of `machine`, which is this computer.
    pub fn start(address: SocketAddr, machine: &str, port: u16) -> std::io::Result<Self> {
        let socket = UdpSocket::bind(address)?;
        let address = socket.local_addr()?;
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (heard, machine) = (Arc::clone(&asked), machine.to_owned());
        thread::spawn(move || {
            let mut buffer = [0; 512];
            while let Ok((length, from)) = socket.recv_from(&mut buffer) {
                if let Some((question, answer)) = answer(&buffer[..length], &machine, port) {
                    heard.lock().unwrap().push(question);
                    let _ = socket.send_to(&answer, from);
                }
            }
        });
        Ok(Self { address, asked })
    }

    /// What it was asked, as `SRV name` or `A name`.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

/// What is asked, and the whole answer.
fn answer(message: &[u8], machine: &str, port: u16) -> Option<(String, Vec<u8>)> {
    let (mut at, mut labels) = (HEADER, Vec::new());
    loop {
        let length = usize::from(*message.get(at)?);
        let label = message.get(at + 1..at + 1 + length)?;
        at += 1 + length;
        if label.is_empty() {
            break;
        }
        labels.push(String::from_utf8_lossy(label).to_lowercase());
    }
    let name = labels.join(".");
    let kind = u16::from_be_bytes(message.get(at..at + 2)?.try_into().ok()?);
    // the name asked for is pointed to
    let asked = [0xC0, HEADER as u8];
    let address = |name: &[u8]| record(name, A, &Ipv4Addr::LOCALHOST.octets());
    let (what, answers, additional) = match kind {
        // as real servers do, the address comes along; Wine 8.0 takes no message that ends with a name
        SRV if name.starts_with("_caliper._tcp.") => {
            ("SRV", record(&asked, SRV, &service(machine, port)), address(&encoded(machine)))
        }
        A if name == machine => ("A", address(&asked), Vec::new()),
        SRV => ("SRV", Vec::new(), Vec::new()),
        A => ("A", Vec::new(), Vec::new()),
        _ => ("other", Vec::new(), Vec::new()),
    };
    // number and question repeated; an answer, complete, with recursion
    let mut answer = message[..at + 4].to_vec();
    answer[2..4].copy_from_slice(&[0x81, 0x80]);
    answer[4..HEADER].copy_from_slice(&[
        0,
        1,
        0,
        (!answers.is_empty()).into(),
        0,
        0,
        0,
        (!additional.is_empty()).into(),
    ]);
    answer.extend(answers);
    answer.extend(additional);
    Some((format!("{what} {name}"), answer))
}

/// A record of class Internet with a minute to live.
fn record(name: &[u8], kind: u16, data: &[u8]) -> Vec<u8> {
    let [kind, length] = [kind, data.len() as u16].map(u16::to_be_bytes);
    [name, &kind, &[0, 1, 0, 0, 0, 60], &length, data].concat()
}

/// Priority 10, weight 0, port and name (RFC 2782).
fn service(machine: &str, port: u16) -> Vec<u8> {
    let mut data = [10_u16, 0, port].iter().flat_map(|number| number.to_be_bytes()).collect::<Vec<u8>>();
    data.extend(encoded(machine));
    data
}

fn encoded(name: &str) -> Vec<u8> {
    let labels = name.split('.').flat_map(|label| [&[label.len() as u8], label.as_bytes()].concat());
    labels.chain([0]).collect()
}
