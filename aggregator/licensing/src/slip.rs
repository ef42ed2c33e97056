//! A slip of the pen in a TOML text: its line, the field it is about, and what to do.

use toml::de::Error;

/// The line, from 1, and what is wrong there in words.
pub(crate) fn slip(text: &str, error: &Error) -> (usize, String) {
    let start = error.span().map_or(0, |span| span.start.min(text.len()));
    let before = text.get(..start).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let problem = in_plain_words(error);
    // other messages name the field themselves, or are about the text as such
    let is_about_value = ["invalid ", "a day is ", "a version is "].iter().any(|start| problem.starts_with(start))
        || problem.contains(": write ");
    match field(before).filter(|_| is_about_value) {
        Some(field) => (line, format!("`{field}`: {problem}")),
        None => (line, problem),
    }
}

/// What the reader of TOML says, without names of types, with what to do.
pub(crate) fn in_plain_words(error: &Error) -> String {
    let mut problem = error.message().trim_end().replace('\n', ", ");
    for (of_program, of_people) in [
        ("expected u32", "expected a whole number from 0 to 4294967295"),
        ("expected u64", "expected a whole number of 0 or more"),
    ] {
        problem = problem.replace(of_program, of_people);
    }
    let to_do = match problem.as_str() {
        said if said.contains(": write ") => "",
        said if said.starts_with("missing field") => ": add it",
        said if said.contains("recurs") => ": it is nested too deep, correct it",
        _ => ": correct it",
    };
    problem + to_do
}

/// The field whose value begins, or goes on, where the text is cut off.
fn field(before: &str) -> Option<&str> {
    let (head, value) = before.rsplit_once('=')?;
    // what stands between is white space or the start of a list
    if value.contains(['"', '\'', '#']) {
        return None;
    }
    let name = head.rsplit(['\n', '{', ',']).next().unwrap_or_default().trim();
    let is_name =
        !name.is_empty() && name.chars().all(|letter| letter.is_ascii_alphanumeric() || "_-.".contains(letter));
    is_name.then_some(name)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Row {
        #[serde(default)]
        _count: u32,
        _list: Vec<u64>,
    }

    #[test]
    fn says_the_line_the_field_and_what_to_do() {
        let most = "a whole number from 0 to 4294967295";
        let least = "a whole number of 0 or more";
        for (text, line, problem) in [
            (
                "_list = []\n_count = -1",
                2,
                format!("`_count`: invalid value: integer `-1`, expected {most}: correct it"),
            ),
            (
                "_list = [\n  3,\n  1.5]",
                3,
                format!("`_list`: invalid type: floating point `1.5`, expected {least}: correct it"),
            ),
            ("_count = 1", 1, "missing field `_list`: add it".into()),
            ("_list = [\"a=b\", 7]", 1, format!("`_list`: invalid type: string \"a=b\", expected {least}: correct it")),
            ("_lost = 1", 1, "unknown field `_lost`, expected `_count` or `_list`: correct it".into()),
        ] {
            let error = toml::from_str::<Row>(text).unwrap_err();
            assert_eq!(slip(text, &error), (line, problem), "{text}");
        }
    }
}
