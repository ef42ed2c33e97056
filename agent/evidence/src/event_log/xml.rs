//! Records as the running Windows renders them: XML, of which only what Windows writes is understood.
//!
//! The rules look at the same parts of it as of the JSON that `evtx` makes of a file.

use serde_json::{Map, Value};

use super::event::Event;

/// A piece of XML.
enum Piece<'xml> {
    /// `<name attributes>`, and whether it ends at once.
    Open { name: &'xml str, attributes: &'xml str, is_empty: bool },
    /// `</name>`.
    Close,
    /// What stands between tags, still with its entities.
    Text(&'xml str),
}

/// Cuts XML into pieces; ends at the first thing that is none.
struct Pieces<'xml>(&'xml str);

impl<'xml> Iterator for Pieces<'xml> {
    type Item = Piece<'xml>;

    fn next(&mut self) -> Option<Piece<'xml>> {
        let tag = loop {
            let Some(tag) = self.0.strip_prefix('<') else {
                let (text, rest) = self.0.split_at(self.0.find('<').unwrap_or(self.0.len()));
                self.0 = rest;
                return (!text.is_empty()).then_some(Piece::Text(text));
            };
            let end = tag_end(tag)?;
            self.0 = tag.get(end + 1..)?;
            // anything but a declaration or a comment
            if !tag.starts_with(['?', '!']) {
                break &tag[..end];
            }
        };
        if tag.starts_with('/') {
            return Some(Piece::Close);
        }
        let is_empty = tag.ends_with('/');
        let tag = tag.trim_end_matches('/');
        let (name, attributes) = tag.split_at(tag.find(char::is_whitespace).unwrap_or(tag.len()));
        Some(Piece::Open { name, attributes, is_empty })
    }
}

/// Where a tag ends: at the first `>` that is in no quotes.
fn tag_end(tag: &str) -> Option<usize> {
    let mut quote = None;
    tag.bytes().position(|byte| {
        match (quote, byte) {
            (None, b'>') => return true,
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), byte) if open == byte => quote = None,
            _ => {}
        }
        false
    })
}

/// The value of an attribute.
fn attribute(attributes: &str, wanted: &str) -> Option<String> {
    let mut rest = attributes;
    loop {
        let (name, after) = rest.trim_start().split_once('=')?;
        let quote = after.chars().next().filter(|quote| ['"', '\''].contains(quote))?;
        let (value, next) = after[1..].split_once(quote)?;
        if name.trim_end() == wanted {
            return Some(plain(value));
        }
        rest = next;
    }
}

/// Longest name of an entity, in bytes: `#x10FFFF` with some zeros.
const LONGEST_ENTITY: usize = 12;

/// A text without entities; what is none stays.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        plain.push_str(before);
        // looked for no further than a name goes, as a text may be full of ampersands
        let end = after.bytes().take(LONGEST_ENTITY + 1).position(|byte| byte == b';');
        if let Some((letter, after)) = end.and_then(|end| Some((entity(&after[..end])?, &after[end + 1..]))) {
            plain.push(letter);
            rest = after;
        } else {
            plain.push('&');
            rest = after;
        }
    }
    plain + rest
}

fn entity(name: &str) -> Option<char> {
    match name {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?)
        }
    }
}

/// A record, and the computer that logged it; `None` if it lacks provider, id or time.
#[must_use]
pub fn read(xml: &str) -> Option<(Event, String)> {
    let (mut provider, mut id, mut keywords, mut time, mut computer) = Default::default();
    let mut fields = Map::new();
    // the elements that are open, each with the name of its field
    let mut open: Vec<(&str, Option<String>)> = Vec::new();
    for piece in Pieces(xml) {
        match piece {
            Piece::Open { name, attributes, is_empty } => {
                match name {
                    "Provider" if open.len() == 2 => provider = attribute(attributes, "Name"),
                    "TimeCreated" if open.len() == 2 => time = attribute(attributes, "SystemTime"),
                    _ => {}
                }
                let field = match open.as_slice() {
                    [("Event", _), ("EventData", _)] => attribute(attributes, "Name"),
                    // one element wraps the fields, its name differs from provider to provider
                    [("Event", _), ("UserData", _), _] => Some(name.to_owned()),
                    _ => None,
                };
                if !is_empty {
                    open.push((name, field));
                }
            }
            Piece::Close => drop(open.pop()),
            Piece::Text(text) => {
                let (depth, Some((name, field))) = (open.len(), open.last()) else { continue };
                let text = plain(text);
                match (depth, *name, field) {
                    (3, "EventID", None) => id = Some(text),
                    (3, "Keywords", None) => keywords = Some(text),
                    (3, "Computer", None) => computer = Some(text),
                    (_, _, Some(field)) => drop(fields.insert(field.clone(), Value::String(text))),
                    _ => {}
                }
            }
        }
    }
    let event = Event::of_parts(&provider?, &id?, keywords.as_deref(), &time?, fields)?;
    Some((event, computer.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// As `EvtRender` writes it, after Microsoft's documentation of the schema of events.
    const SIGN_IN: &str = "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>\
        <Provider Name='Microsoft-Windows-Security-Auditing' Guid='{54849625-5478-4994-a5ba-3e3b0328c30d}'/>\
        <EventID>4624</EventID><Version>2</Version><Keywords>0x8020000000000000</Keywords>\
        <TimeCreated SystemTime='2021-02-12T12:34:25.568575500Z'/><EventRecordID>77</EventRecordID><Correlation/>\
        <Channel>Security</Channel><Computer>dc.lab.net</Computer><Security/></System><EventData>\
        <Data Name='TargetUserName'>Jane &amp; J&#xF6;rg</Data><Data Name='TargetDomainName'>LAB</Data>\
        <Data Name='LogonType'>3</Data><Data Name='IpAddress'>10.0.0.7</Data><Data Name='Empty'></Data>\
        <Data Name=\"A>B\"/></EventData></Event>";

    #[test]
    fn what_the_rules_look_at_is_read() {
        let (event, computer) = read(SIGN_IN).unwrap();
        assert_eq!((computer.as_str(), event.id, event.keywords), ("dc.lab.net", 4624, 0x8020_0000_0000_0000));
        assert_eq!(event.micros, "2021-02-12T12:34:25.568575Z".parse::<jiff::Timestamp>().unwrap().as_microsecond());
        assert_eq!(event.text("TargetUserName"), "Jane & Jörg");
        assert_eq!((event.number("LogonType"), event.text("Empty").as_str()), (Some(3), ""));

        let session = "<Event><System><Provider Name=\"X\"/><EventID Qualifiers=\"0\">21</EventID>\
            <TimeCreated SystemTime=\"2021-02-12T12:33:52Z\"/></System><UserData><EventXML xmlns='Event_NS'>\
            <User>LAB\\jane</User><Address>10.0.0.9</Address></EventXML></UserData></Event>";
        let (event, computer) = read(session).unwrap();
        assert_eq!(
            (event.id, event.text("User").as_str(), event.text("Address").as_str()),
            (21, "LAB\\jane", "10.0.0.9")
        );
        assert_eq!(computer, "");
    }

    #[test]
    fn it_says_the_same_as_the_json_of_a_file() {
        let json = json!({"Event": {
            "System": {
                "Provider_attributes": {"Name": "Microsoft-Windows-Security-Auditing"},
                "EventID": 4624,
                "Keywords": "0x8020000000000000",
                "TimeCreated_attributes": {"SystemTime": "2021-02-12T12:34:25.5685755Z"},
            },
            "EventData": {"TargetUserName": "Jane & Jörg", "TargetDomainName": "LAB", "LogonType": 3, "IpAddress": "10.0.0.7"},
        }});
        let by_json = Event::from_json(&json.to_string()).unwrap();
        assert_eq!(super::super::sign_in(&read(SIGN_IN).unwrap().0), super::super::sign_in(&by_json));
    }

    /// Each took time with the square of its length, or a stack as deep as it is long.
    #[test]
    fn a_quarter_of_a_million_of_anything_is_read_in_no_time() {
        let long = |piece: &str| piece.repeat(1 << 18);
        for odd in [long("<!>"), long("<a>"), long("</a>"), format!("<Event><a><b>{}", long("&"))] {
            assert!(read(&odd).is_none());
        }
    }

    #[test]
    fn cut_anywhere_it_is_read_or_refused() {
        for end in (0..SIGN_IN.len()).filter(|end| SIGN_IN.is_char_boundary(*end)) {
            let _ = read(&SIGN_IN[..end]);
            let _ = read(&SIGN_IN[end..]);
        }
        for odd in ["", "<", "<>", "</", "<a", "a", "<a b=\"", "&;&#;&#x;<a b='&'>", "</a></a><Event/>"] {
            assert!(read(odd).is_none(), "{odd}");
        }
        assert_eq!(plain("&#x000010FFFF;&#x0000010FFFF;"), "\u{10FFFF}&#x0000010FFFF;");
        assert_eq!(plain("&lt;&#65;&unknown;&amp"), "<A&unknown;&amp");
    }
}
