//! Fakes that stand between a client and a real directory server: one that breaks connections, and one with the limits of a Windows
//! domain controller, which Samba does not have.

use std::{
    io::{self, Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    path::Path,
    sync::Arc,
    thread,
};

use ldap3::asn1::{PL, StructureTag, TagClass, parse_tag, write};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection, StreamOwned,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject},
};

/// Passes a connection on, and breaks it off after so many bytes of the answer: a fake for a server that dies while it answers.
pub fn dying(to: &'static str, after: usize) -> u16 {
    listen("127.0.0.1", move |mut client| {
        let mut server = TcpStream::connect(to)?;
        let (mut questions, mut there) = (client.try_clone()?, server.try_clone()?);
        thread::spawn(move || io::copy(&mut questions, &mut there));
        let (mut left, mut some) = (after, [0; 4096]);
        while left > 0 {
            let read = server.read(&mut some).unwrap_or(0);
            if read == 0 || client.write_all(&some[..read.min(left)]).is_err() {
                break;
            }
            left = left.saturating_sub(read);
        }
        let _ = server.shutdown(Shutdown::Both);
        client.shutdown(Shutdown::Both)
    })
}

/// What a server does not exceed.
#[derive(Clone, Copy)]
pub struct Limits {
    /// Entries of one answer; more are an error.
    pub entries: usize,
    /// Values of an attribute in one answer; more come as a range.
    pub values: usize,
    /// Entries of one connection; then it breaks.
    pub all: usize,
}

/// `MaxPageSize` and `MaxValRange` of a domain controller with the default policy (MS-ADTS 3.1.1.3.4.6).
pub const WINDOWS: Limits = Limits { entries: 1_000, values: 1_500, all: usize::MAX };

/// Passes LDAP on to the server at port 636 of `to`, with its certificate in the folder `tls`, and cuts its answers: a fake for a
/// server with limits. One question after the other, as our own client and OpenLDAP's ask. `end` is what happens before it breaks off.
pub fn limited(tls: &Path, to: &'static str, limits: Limits, mut end: impl FnMut() + Send + 'static) -> String {
    let provider = || Arc::new(rustls::crypto::ring::default_provider());
    let certificate = CertificateDer::from_pem_file(tls.join("cert.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(tls.join("key.pem")).unwrap();
    let here = ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions().unwrap();
    let here = Arc::new(here.with_no_client_auth().with_single_cert(vec![certificate], key).unwrap());
    let mut trusted = RootCertStore::empty();
    trusted.add(CertificateDer::from_pem_file(tls.join("ca.pem")).unwrap()).unwrap();
    let there = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions().unwrap();
    let there = Arc::new(there.with_root_certificates(trusted).with_no_client_auth());
    // at its address, which its certificate names: OpenLDAP's client takes `localhost` for the name of this machine
    let port = listen(to, move |client| {
        let client = StreamOwned::new(ServerConnection::new(here.clone()).map_err(io::Error::other)?, client);
        let name = ServerName::try_from(to).map_err(io::Error::other)?;
        let server = ClientConnection::new(there.clone(), name).map_err(io::Error::other)?;
        pass(client, StreamOwned::new(server, TcpStream::connect((to, 636))?), limits, &mut end)
    });
    format!("ldaps://{to}:{port}")
}

fn listen(at: &str, mut serve: impl FnMut(TcpStream) -> io::Result<()> + Send + 'static) -> u16 {
    let listener = TcpListener::bind((at, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    // who breaks off is at its end, and the next one may come
    thread::spawn(move || listener.incoming().for_each(|client| drop(serve(client.unwrap()))));
    port
}

/// `1.2.840.113556.1.4.841`: what changed is told by size, not by number.
const DIRSYNC: &[u8] = b"1.2.840.113556.1.4.841";
/// Operations of LDAP (RFC 4511, appendix B).
const UNBIND: u64 = 2;
const ENTRY: u64 = 4;
const DONE: u64 = 5;
const REFERENCE: u64 = 19;

fn pass(
    mut client: impl Read + Write,
    mut server: impl Read + Write,
    limits: Limits,
    end: &mut dyn FnMut(),
) -> io::Result<()> {
    let mut all = 0;
    loop {
        let question = message(&mut client)?;
        send(&mut server, &question)?;
        if parts(&mut read(&question))[1].id == UNBIND {
            return Ok(());
        }
        let counted = !question.windows(DIRSYNC.len()).any(|window| window == DIRSYNC);
        let mut entries = 0;
        loop {
            let mut answer = read(&message(&mut server)?);
            let operation = parts(&mut answer)[1].id;
            match operation {
                ENTRY => {
                    (entries, all) = (entries + 1, all + 1);
                    if all > limits.all {
                        end();
                        return Ok(());
                    }
                    if counted && entries > limits.entries {
                        continue;
                    }
                    limit_values(&mut answer, limits.values);
                }
                DONE if counted && entries > limits.entries => exceeded(&mut answer),
                _ => {}
            }
            let mut bytes = bytes::BytesMut::new();
            write::encode_into(&mut bytes, answer)?;
            send(&mut client, &bytes)?;
            if !matches!(operation, ENTRY | REFERENCE) {
                break;
            }
        }
    }
}

/// `sizeLimitExceeded`, and no cookie to go on with.
fn exceeded(answer: &mut StructureTag) {
    parts(answer).truncate(2);
    parts(&mut parts(answer)[1])[0].payload = PL::P(vec![4]);
}

/// An attribute with too many values becomes an empty one and one with a range in its name (MS-ADTS 3.1.1.3.1.3.3).
fn limit_values(answer: &mut StructureTag, most: usize) {
    let attributes = parts(&mut parts(&mut parts(answer)[1])[1]);
    for mut attribute in std::mem::take(attributes) {
        if parts(&mut parts(&mut attribute)[1]).len() > most {
            let PL::P(name) = parts(&mut attribute)[0].payload.clone() else { panic!("a name is a value") };
            let name = String::from_utf8(name).unwrap();
            let (plain, from) = if let Some((plain, range)) = name.split_once(";range=") {
                (plain, range.split_once('-').unwrap().0.parse().unwrap())
            } else {
                let mut empty = attribute.clone();
                parts(&mut parts(&mut empty)[1]).clear();
                attributes.push(empty);
                (name.as_str(), 0)
            };
            let range = format!("{plain};range={from}-{}", from + most - 1);
            parts(&mut attribute)[0].payload = PL::P(range.into_bytes());
            parts(&mut parts(&mut attribute)[1]).truncate(most);
        }
        attributes.push(attribute);
    }
}

fn parts(tag: &mut StructureTag) -> &mut Vec<StructureTag> {
    match &mut tag.payload {
        PL::C(parts) => parts,
        PL::P(_) => panic!("a value where a list belongs"),
    }
}

fn read(message: &[u8]) -> StructureTag {
    let (rest, message) = parse_tag(message).unwrap();
    assert!(rest.is_empty() && message.class == TagClass::Universal);
    message
}

/// One message as it came: a byte of kind, a length, and that many bytes.
fn message(from: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; 2];
    from.read_exact(&mut bytes)?;
    let mut length = usize::from(bytes[1]);
    if length > 127 {
        let long = length - 128;
        bytes.resize(2 + long, 0);
        from.read_exact(&mut bytes[2..])?;
        length = bytes[2..].iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
    }
    let start = bytes.len();
    bytes.resize(start + length, 0);
    from.read_exact(&mut bytes[start..])?;
    Ok(bytes)
}

fn send(to: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    to.write_all(bytes)?;
    to.flush()
}
