//! The enrolment token: one line of text that tells a newcomer where the aggregator is and how to trust it.
//!
//! It knows nothing of expiry and use limits; the aggregator checks those.

use std::fmt;

use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use serde::{Deserialize, Serialize};

/// What the line starts with; the number changes when the content does.
const PREFIX: &str = "caliper1.";

/// Longest line read, in bytes; a certificate of a P-256 authority is far below it.
const LONGEST: usize = 16 * 1024;

/// Everything a newcomer needs. The text form is `caliper1.` and the base64url of a JSON object.
#[derive(Clone, PartialEq, Eq)]
pub struct EnrolToken {
    /// Host and port of the aggregator, for example `caliper.example.org:8444`; empty if whoever holds the token must find it.
    pub address: String,
    /// Public half: names the token in lists and logs.
    pub id: String,
    /// Secret half, as text. Never in a log.
    pub secret: String,
    /// Certificate of the aggregator's authority, DER: the only one the newcomer trusts.
    pub authority: Vec<u8>,
    /// Server name in the aggregator's certificate, whatever the address is.
    pub name: String,
}

/// Why a text is no token. Never repeats the text, which holds a secret.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum TokenError {
    /// Another beginning.
    #[error("does not begin with `{PREFIX}`")]
    Prefix,
    /// More than the cap.
    #[error("{0} bytes long, at most {LONGEST} expected")]
    TooLong(usize),
    /// Cut off or mistyped.
    #[error("the text after `{PREFIX}` is damaged: copy the whole line again")]
    Damaged,
    /// A key without content or in the wrong form.
    #[error("its `{0}` is {1}")]
    Field(&'static str, &'static str),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Json {
    #[serde(default)]
    address: String,
    id: String,
    secret: String,
    authority: String,
    name: String,
}

impl EnrolToken {
    /// The one line that an administrator copies, without line break.
    #[must_use]
    pub fn to_line(&self) -> String {
        let json = serde_json::json!({
            "address": self.address,
            "id": self.id,
            "secret": self.secret,
            "authority": BASE64_STANDARD.encode(&self.authority),
            "name": self.name,
        });
        format!("{PREFIX}{}", BASE64_URL_SAFE_NO_PAD.encode(json.to_string()))
    }

    /// Reads the line; white space around it does not matter.
    pub fn from_line(line: &str) -> Result<Self, TokenError> {
        if line.len() > LONGEST {
            return Err(TokenError::TooLong(line.len()));
        }
        let body = line.trim().strip_prefix(PREFIX).ok_or(TokenError::Prefix)?;
        let json = BASE64_URL_SAFE_NO_PAD.decode(body).map_err(|_| TokenError::Damaged)?;
        let json: Json = serde_json::from_slice(&json).map_err(|_| TokenError::Damaged)?;
        let authority = BASE64_STANDARD
            .decode(&json.authority)
            .map_err(|_| TokenError::Field("authority", "not base64 of a certificate"))?;
        let texts = [("id", &json.id), ("secret", &json.secret), ("name", &json.name)];
        let filled = texts.into_iter().map(|(key, text)| (key, text.is_empty()));
        for (key, empty) in filled.chain([("authority", authority.is_empty())]) {
            if empty {
                return Err(TokenError::Field(key, "empty"));
            }
        }
        let port = json.address.rsplit_once(':').and_then(|(host, port)| (!host.is_empty()).then_some(port));
        if !json.address.is_empty() && !port.is_some_and(|port| port.parse::<u16>().is_ok_and(|port| port != 0)) {
            return Err(TokenError::Field("address", "not `host:port`"));
        }
        Ok(Self { address: json.address, id: json.id, secret: json.secret, authority, name: json.name })
    }
}

impl fmt::Debug for EnrolToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnrolToken")
            .field("address", &self.address)
            .field("id", &self.id)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sample() -> EnrolToken {
        EnrolToken {
            address: "caliper.example.org:8444".into(),
            id: "t-7".into(),
            secret: "hush-hush".into(),
            authority: vec![0x30, 0x82, 0xff, 0x00],
            name: "aggregator".into(),
        }
    }

    fn line(json: &str) -> String {
        format!("caliper1.{}", BASE64_URL_SAFE_NO_PAD.encode(json))
    }

    #[test]
    fn is_the_agreed_json_in_base64url() {
        let json = r#"{"address":"[::1]:1","id":"a","secret":"b","authority":"MII=","name":"c"}"#;
        let expected = EnrolToken {
            address: "[::1]:1".into(),
            id: "a".into(),
            secret: "b".into(),
            authority: vec![0x30, 0x82],
            name: "c".into(),
        };
        assert_eq!(EnrolToken::from_line(&format!("  {}\r\n", line(json))), Ok(expected.clone()));
        let found = EnrolToken { address: String::new(), ..expected };
        for address in ["", "\"address\":\"\","] {
            let json = json.replace("\"address\":\"[::1]:1\",", address);
            assert_eq!(EnrolToken::from_line(&line(&json)), Ok(found.clone()));
        }
        assert_eq!(EnrolToken::from_line(&found.to_line()), Ok(found));
    }

    #[test]
    fn says_what_is_wrong_without_the_text() {
        let wrong = |text: &str| EnrolToken::from_line(text).unwrap_err();
        assert_eq!(wrong(""), TokenError::Prefix);
        assert_eq!(wrong("caliper2.e30"), TokenError::Prefix);
        assert_eq!(wrong("caliper1.***"), TokenError::Damaged);
        assert_eq!(wrong(&line("{}")), TokenError::Damaged);
        assert_eq!(wrong(&"x".repeat(16 * 1024 + 1)), TokenError::TooLong(16 * 1024 + 1));
        let with = |change: fn(&mut EnrolToken)| {
            let mut token = sample();
            change(&mut token);
            wrong(&token.to_line())
        };
        assert_eq!(with(|token| token.secret.clear()), TokenError::Field("secret", "empty"));
        assert_eq!(with(|token| token.authority.clear()), TokenError::Field("authority", "empty"));
        for address in ["host", "host:", ":8444", "host:0", "host:70000"] {
            let token = EnrolToken { address: address.into(), ..sample() };
            assert_eq!(wrong(&token.to_line()), TokenError::Field("address", "not `host:port`"), "{address}");
        }
    }

    #[test]
    fn debug_output_hides_the_secret() {
        let printed = format!("{:?}", sample());
        assert!(!printed.contains("hush") && printed.contains("t-7"), "{printed}");
    }

    #[test]
    fn a_line_cut_anywhere_is_refused() {
        let whole = sample().to_line();
        for length in 0..whole.len() {
            assert!(EnrolToken::from_line(&whole[..length]).is_err(), "cut at {length}");
        }
    }

    proptest! {
        #[test]
        fn reads_what_it_writes(
            host in "[a-z.]{1,20}", port in 1_u16.., id in "\\PC{1,9}", secret in "\\PC{1,9}", name in "\\PC{1,9}",
            authority in prop::collection::vec(any::<u8>(), 1..99),
        ) {
            let token = EnrolToken { address: format!("{host}:{port}"), id, secret, authority, name };
            prop_assert_eq!(EnrolToken::from_line(&token.to_line()), Ok(token));
        }

        #[test]
        fn never_panics(text in "\\PC{0,40}") {
            let _ = EnrolToken::from_line(&text);
            let _ = EnrolToken::from_line(&line(&text));
        }
    }
}
