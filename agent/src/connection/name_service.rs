//! Asks name servers for a service (RFC 1035, RFC 2782) where no call of the system does: elsewhere than on Windows.
//!
//! One question, one kind of record. Answers are foreign bytes: what does not fit is an error, and nobody is believed but on
//! where to look.

use std::{
    io::{self, Read as _, Write as _},
    net::{IpAddr, SocketAddr, TcpStream, UdpSocket},
    time::{Duration, Instant},
};

use super::ServiceRecord;

const PORT: u16 = 53;
/// How long one server may take, and how often all of them are asked.
const PATIENCE: Duration = Duration::from_secs(2);
const ROUNDS: usize = 2;
/// Servers beyond these are not asked, as with other programs.
const MOST_SERVERS: usize = 3;

/// Longest answer without TCP (RFC 1035, 4.2.1); it is not asked for more.
const LONGEST: usize = 512;
const HEADER: usize = 12;
const SRV: u16 = 33;
const INTERNET: u16 = 1;
const NO_SUCH_NAME: u16 = 3;
/// Bits of the second word: an answer; cut off; recursion desired.
const ANSWER: u16 = 0x8000;
const CUT_OFF: u16 = 0x0200;
const RECURSION: u16 = 0x0100;
/// Longest label and name.
const LONGEST_LABEL: usize = 63;
const LONGEST_NAME: usize = 255;

/// Name servers, in the order to ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameService(pub Vec<SocketAddr>);

impl NameService {
    /// The ones of a text like `/etc/resolv.conf`, and the domain of this machine: that of its name, or the first one that names
    /// are looked for in.
    #[must_use]
    pub fn configured(text: &str, host_name: &str) -> (Self, Option<String>) {
        let mut servers = Vec::new();
        let mut domain = None;
        for line in text.lines() {
            let mut words = line.split_whitespace();
            match (words.next(), words.next()) {
                (Some("nameserver"), Some(address)) => servers.extend(address.parse::<IpAddr>()),
                // the last such line counts
                (Some("search" | "domain"), first) => domain = first,
                _ => {}
            }
        }
        servers.truncate(MOST_SERVERS);
        let own = host_name.split_once('.').map(|(_, domain)| domain).filter(|domain| !domain.is_empty());
        let domain = own.or(domain).map(|domain| domain.trim_end_matches('.').to_owned());
        let servers = servers.into_iter().map(|address| SocketAddr::new(address, PORT)).collect();
        (Self(servers), domain.filter(|domain| !domain.is_empty()))
    }

    /// The targets of the service `name`; none if there is no such name or record. `random` makes the answer hard to forge.
    /// Waits for the servers, some seconds where none answers. An error is a sentence.
    pub fn services(&self, name: &str, random: u64) -> Result<Vec<ServiceRecord>, String> {
        let question = question(random as u16, name).ok_or_else(|| format!("`{name}` is no name"))?;
        let mut problem = "no name server is configured".to_owned();
        for server in self.0.iter().cycle().take(ROUNDS * self.0.len()) {
            match ask(*server, &question) {
                Ok(answer) => match read(&answer, &question) {
                    Ok(records) => return Ok(records),
                    Err(told) => problem = format!("the name server {server}: {told}"),
                },
                Err(error) => problem = format!("the name server {server} does not answer ({error})"),
            }
        }
        Err(problem)
    }
}

/// The question as it is sent: all but the name is the same for all.
fn question(number: u16, name: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    for word in [number, RECURSION, 1, 0, 0, 0] {
        bytes.extend(word.to_be_bytes());
    }
    for label in name.split('.') {
        let length =
            u8::try_from(label.len()).ok().filter(|length| (1..=LONGEST_LABEL).contains(&usize::from(*length)))?;
        bytes.push(length);
        bytes.extend(label.as_bytes());
    }
    bytes.push(0);
    if bytes.len() - HEADER > LONGEST_NAME {
        return None;
    }
    bytes.extend([SRV, INTERNET].iter().flat_map(|word| word.to_be_bytes()));
    Some(bytes)
}

/// The answer of one server; over TCP if it is too long for UDP.
fn ask(server: SocketAddr, question: &[u8]) -> io::Result<Vec<u8>> {
    let here: IpAddr = if server.is_ipv4() { [0, 0, 0, 0].into() } else { [0_u16; 8].into() };
    let socket = UdpSocket::bind((here, 0))?;
    // only what comes from there is taken
    socket.connect(server)?;
    socket.send(question)?;
    let until = Instant::now() + PATIENCE;
    let mut buffer = [0; LONGEST];
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        socket.set_read_timeout(Some(left))?;
        let answer = match socket.recv(&mut buffer) {
            Ok(length) => &buffer[..length],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Err(io::ErrorKind::TimedOut.into()),
            Err(error) => return Err(error),
        };
        // another answer may be a late one, or forged
        if is_answer(answer, question) {
            let is_cut_off = word(answer, 2).is_some_and(|flags| flags & CUT_OFF != 0);
            return if is_cut_off { ask_at_length(server, question) } else { Ok(answer.to_vec()) };
        }
    }
}

fn ask_at_length(server: SocketAddr, question: &[u8]) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect_timeout(&server, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    // a question is far shorter
    let length = question.len() as u16;
    stream.write_all(&[&length.to_be_bytes(), question].concat())?;
    let mut length = [0; 2];
    stream.read_exact(&mut length)?;
    let mut answer = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut answer)?;
    Ok(answer)
}

/// Whether these bytes answer the question: the same number, and the question repeated.
fn is_answer(answer: &[u8], question: &[u8]) -> bool {
    answer.get(..2) == question.get(..2)
        && word(answer, 2).is_some_and(|flags| flags & ANSWER != 0)
        && word(answer, 4) == Some(1)
        && answer.get(HEADER..question.len()).is_some_and(|repeated| repeated.eq_ignore_ascii_case(&question[HEADER..]))
}

/// The targets in an answer; an error is the rest of a sentence about its server.
fn read(answer: &[u8], question: &[u8]) -> Result<Vec<ServiceRecord>, String> {
    const DAMAGED: &str = "its answer is damaged";
    if !is_answer(answer, question) {
        return Err("it answers something else than was asked".to_owned());
    }
    match word(answer, 2).map(|flags| flags & 0xF) {
        Some(0) => {}
        Some(NO_SUCH_NAME) => return Ok(Vec::new()),
        code => return Err(format!("it cannot answer (code {})", code.unwrap_or_default())),
    }
    let count = word(answer, 6).unwrap_or_default();
    let mut records = Vec::new();
    let mut at = question.len();
    for _ in 0..count {
        let (_, next) = name(answer, at).ok_or(DAMAGED)?;
        let [kind, class, length] = [0, 2, 8].map(|offset| word(answer, next + offset));
        let data = next + 10;
        at = data + usize::from(length.ok_or(DAMAGED)?);
        if at > answer.len() {
            return Err(DAMAGED.to_owned());
        }
        // aliases on the way are passed over
        if (kind, class) == (Some(SRV), Some(INTERNET)) {
            let mut words = [0, 2, 4].map(|offset| word(answer, data + offset)).into_iter();
            let mut number = || words.next().flatten().ok_or(DAMAGED);
            let (priority, weight, port) = (number()?, number()?, number()?);
            let (target, _) = name(answer, data + 6).ok_or(DAMAGED)?;
            records.push(ServiceRecord { priority, weight, port, target });
        }
    }
    Ok(records)
}

fn word(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

/// The name at a place, and where the bytes behind it begin. A part that stands elsewhere is pointed to.
fn name(bytes: &[u8], start: usize) -> Option<(String, usize)> {
    let mut text = String::new();
    let (mut at, mut end) = (start, None);
    // each step is a label or a pointer, and a name has no more of both than it may have letters
    for _ in 0..LONGEST_NAME {
        let length = usize::from(*bytes.get(at)?);
        match length {
            0 => return Some((text, end.unwrap_or(at + 1))),
            1..=LONGEST_LABEL => {
                let label = bytes.get(at + 1..at + 1 + length)?;
                if text.len() + length > LONGEST_NAME {
                    return None;
                }
                // a dot within a label would read as two
                text.extend(label.iter().map(|letter| {
                    if letter.is_ascii_graphic() && *letter != b'.' { char::from(*letter) } else { '?' }
                }));
                text.push('.');
                at += 1 + length;
            }
            0xC0.. => {
                end.get_or_insert(at + 2);
                at = usize::from(word(bytes, at)? & 0x3FFF);
            }
            _ => return None,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::{net::TcpListener, thread};

    use proptest::prelude::*;

    use super::*;

    const NAME: &str = "_caliper._tcp.example.org";

    /// An answer to [`NAME`]: number, flags, and answers in the form of RFC 1035, 4.1.3 behind the question.
    fn answer(flags: u16, answers: &[&[u8]]) -> Vec<u8> {
        let mut bytes = question(7, NAME).unwrap();
        bytes[2..4].copy_from_slice(&flags.to_be_bytes());
        bytes[6..8].copy_from_slice(&(answers.len() as u16).to_be_bytes());
        bytes.extend(answers.concat());
        bytes
    }

    /// `[pointer to the name asked for] SRV IN ttl length 10 5 8444 caliper.[example.org]`, where `example.org` is pointed to.
    const RECORD: &[u8] = b"\xC0\x0C\0\x21\0\x01\0\0\x0E\x10\0\x10\0\x0A\0\x05\x20\xFC\x07caliper\xC0\x1A";
    /// The same name is an alias of itself, whose data nobody reads.
    const ALIAS: &[u8] = b"\xC0\x0C\0\x05\0\x01\0\0\x0E\x10\0\x02\xC0\x0C";

    fn read_all(bytes: &[u8]) -> Result<Vec<ServiceRecord>, String> {
        read(bytes, &question(7, NAME).unwrap())
    }

    fn record() -> ServiceRecord {
        ServiceRecord { priority: 10, weight: 5, port: 8444, target: "caliper.example.org.".into() }
    }

    #[test]
    fn the_question_is_as_the_standard_has_it() {
        let expected = b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x08_caliper\x04_tcp\x07example\x03org\0\0\x21\0\x01";
        assert_eq!(question(0x1234, NAME).unwrap(), expected);
        for name in ["a..b", "", &"x".repeat(64), &"abcdefg.".repeat(32)] {
            assert_eq!(question(1, name), None, "{name}");
        }
    }

    #[test]
    fn answers_are_read_with_names_that_are_pointed_to() {
        let ok = ANSWER | RECURSION | 0x80;
        assert_eq!(read_all(&answer(ok, &[ALIAS, RECORD, RECORD])).unwrap(), [record(), record()]);
        assert_eq!(read_all(&answer(ok, &[])).unwrap(), []);
        assert_eq!(read_all(&answer(ok | NO_SUCH_NAME, &[])).unwrap(), []);
        let mut other_case = answer(ok, &[RECORD]);
        other_case[HEADER + 1..HEADER + 9].make_ascii_uppercase();
        assert_eq!(read_all(&other_case).unwrap().len(), 1);
        let nowhere = [&RECORD[..10], b"\0\x07\0\0\0\0\0\0\0"].concat();
        assert_eq!(read_all(&answer(ok, &[&nowhere])).unwrap()[0].target, "", "decidedly not there");
    }

    #[test]
    fn what_is_wrong_is_an_error() {
        let ok = ANSWER | RECURSION;
        let problem = |bytes: &[u8]| read_all(bytes).unwrap_err();
        assert_eq!(problem(&answer(ok | 2, &[])), "it cannot answer (code 2)");
        let whole = answer(ok, &[RECORD]);
        for length in 0..whole.len() {
            assert!(read_all(&whole[..length]).is_err(), "cut at {length}");
        }
        let mut other = whole.clone();
        other[0] = 9;
        assert!(problem(&other).contains("something else"));
        assert!(problem(&answer(RECURSION, &[RECORD])).contains("something else"), "a question");
        // a name that points to itself, and a form of label that nobody uses
        for pointer in [b"\xC0\x2B", b"\x80\x0C"] {
            let endless = [pointer, &RECORD[2..]].concat();
            assert_eq!(problem(&answer(ok, &[&endless])), "its answer is damaged");
        }
    }

    #[test]
    fn servers_and_domain_come_from_the_configuration() {
        let text = "# made by hand\nnameserver 10.0.0.1\nsearch first.example second.example\nnameserver fd00::1\n\
                    nameserver nonsense\nnameserver 10.0.0.3\nnameserver 10.0.0.4\ndomain last.example.\noptions rotate\n";
        let (NameService(servers), domain) = NameService::configured(text, "srv1");
        assert_eq!(
            servers.iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["10.0.0.1:53", "[fd00::1]:53", "10.0.0.3:53"]
        );
        assert_eq!(domain.as_deref(), Some("last.example"));
        let domain = |text, host| NameService::configured(text, host).1;
        assert_eq!(domain(text, "srv1.lab.net").as_deref(), Some("lab.net"));
        assert_eq!((domain("", "srv1"), domain("search .\n", "srv1.")), (None, None));
        assert!(NameService(Vec::new()).services(NAME, 1).unwrap_err().contains("no name server is configured"));
    }

    /// A fake name server: the first answer is forged, and the right one too long for UDP.
    #[test]
    fn forged_answers_are_passed_over_and_long_ones_come_over_tcp() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let socket = UdpSocket::bind(address).unwrap();
        let fake = thread::spawn(move || {
            let mut buffer = [0; 600];
            let (length, from) = socket.recv_from(&mut buffer).unwrap();
            let mut reply = buffer[..length].to_vec();
            reply[2..4].copy_from_slice(&(ANSWER | CUT_OFF).to_be_bytes());
            let mut forged = reply.clone();
            forged[0] ^= 1;
            socket.send_to(&forged, from).unwrap();
            socket.send_to(&reply, from).unwrap();
            let (mut stream, _) = listener.accept().unwrap();
            let mut asked = [0; 2];
            stream.read_exact(&mut asked).unwrap();
            let mut asked = vec![0; usize::from(u16::from_be_bytes(asked))];
            stream.read_exact(&mut asked).unwrap();
            assert_eq!(asked, buffer[..length]);
            let mut long = answer(ANSWER, &[RECORD; 40]);
            long[..2].copy_from_slice(&asked[..2]);
            stream.write_all(&(long.len() as u16).to_be_bytes()).unwrap();
            stream.write_all(&long).unwrap();
        });
        let found = NameService(vec![address]).services(NAME, 0xABCD).unwrap();
        assert_eq!(found, vec![record(); 40]);
        fake.join().unwrap();
    }

    #[test]
    fn the_next_server_is_asked_where_one_does_not_answer() {
        let gone = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        let fake = thread::spawn(move || {
            let mut buffer = [0; 600];
            let (_, from) = socket.recv_from(&mut buffer).unwrap();
            let mut reply = answer(ANSWER, &[RECORD]);
            reply[..2].copy_from_slice(&buffer[..2]);
            socket.send_to(&reply, from).unwrap();
        });
        assert_eq!(NameService(vec![gone, address]).services(NAME, 1).unwrap(), [record()]);
        fake.join().unwrap();
        let problem = NameService(vec![gone]).services(NAME, 1).unwrap_err();
        assert!(problem.starts_with(&format!("the name server {gone} does not answer")), "{problem}");
    }

    proptest! {
        #[test]
        fn changed_bytes_never_panic(at in 0_usize..80, byte: u8, cut in 0_usize..80, more in prop::collection::vec(any::<u8>(), 0..40)) {
            let mut bytes = answer(ANSWER, &[ALIAS, RECORD]);
            let place = at % bytes.len();
            bytes[place] = byte;
            let _ = read_all(&bytes);
            bytes.truncate(cut);
            bytes.extend(more);
            let _ = read_all(&bytes);
        }
    }
}
