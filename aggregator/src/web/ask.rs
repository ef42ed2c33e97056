//! What the address of a list asks for: filter, order, page. Every list uses the fields it knows.

use caliper_licensing::VersionName;
use serde::Deserialize;

use super::{WebState, error::WebError, gate::encode, text::Count};
use crate::store::view::{self, Listing, Rows, Sort};

/// Rows on one page.
pub const PAGE: u64 = 100;
/// Rows in one answer to a program, at most.
const MOST: u64 = 1000;

/// The query of a list's address. Everything is text, so that an address never fails to be read.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Ask {
    /// Text to look for.
    pub q: String,
    /// Number of a scan; empty: the latest.
    pub scan: String,
    /// Licence kind.
    pub licence: String,
    /// Version.
    pub version: String,
    /// `yes` or `no`.
    pub external: String,
    /// Kind of device or server.
    pub kind: String,
    /// Edition of a server.
    pub edition: String,
    /// `agent` or `import`.
    pub origin: String,
    /// Site of a server.
    pub site: String,
    /// Tag of a server.
    pub tag: String,
    /// State of an agent or a scan.
    pub state: String,
    /// Trigger of a scan.
    pub trigger: String,
    /// Order.
    pub sort: String,
    /// Page, from 1.
    pub page: String,
    /// Rows wanted by a program.
    pub limit: String,
    /// Where a program's last answer ended.
    pub cursor: String,
}

impl Ask {
    /// The order asked for, or the first one.
    pub fn order(&self, sorts: &'static [Sort]) -> Sort {
        sorts.iter().find(|sort| sort.name == self.sort).copied().unwrap_or(sorts[0])
    }

    fn page_number(&self) -> u64 {
        self.page.parse().unwrap_or(1).clamp(1, 1_000_000)
    }

    /// How many rows a list has and those of the page asked for, in the order asked for.
    pub async fn find<L: Listing>(&self, state: &WebState, listing: L) -> Result<(u64, Vec<L::Item>), WebError> {
        let (sort, page) = (self.order(L::SORTS), Rows::Page { skip: (self.page_number() - 1) * PAGE, take: PAGE });
        state.read(move |tx| Ok((view::count(tx, &listing)?, view::rows(tx, &listing, sort, &page)?))).await
    }

    /// Rows asked for by a program: one more than it gets, to know whether there are more.
    pub fn limit(&self) -> Result<u64, WebError> {
        let wrong = || WebError::BadRequest(format!("`limit` is `{}`: use 1 to {MOST}", self.limit));
        let limit = if self.limit.is_empty() { PAGE } else { self.limit.parse().map_err(|_| wrong())? };
        if (1..=MOST).contains(&limit) { Ok(limit) } else { Err(wrong()) }
    }

    /// The number of a scan if one is asked for.
    pub fn scan(&self) -> Result<Option<i64>, WebError> {
        let wrong = |_| WebError::BadRequest(format!("`scan` is `{}`: use the number of a scan", self.scan));
        if self.scan.is_empty() { Ok(None) } else { self.scan.parse().map(Some).map_err(wrong) }
    }

    /// Address of the same list with other values for some keys.
    pub fn address(&self, path: &str, other: &[(&str, &str)]) -> String {
        let own = [
            ("q", self.q.as_str()),
            ("scan", &self.scan),
            ("licence", &self.licence),
            ("version", &self.version),
            ("external", &self.external),
            ("kind", &self.kind),
            ("edition", &self.edition),
            ("origin", &self.origin),
            ("site", &self.site),
            ("tag", &self.tag),
            ("state", &self.state),
            ("trigger", &self.trigger),
            ("sort", &self.sort),
            ("page", &self.page),
        ];
        let value = |key: &str, own| other.iter().find(|(name, _)| *name == key).map_or(own, |(_, value)| *value);
        let pairs = own.iter().map(|(key, own)| (*key, value(key, *own))).filter(|(_, value)| !value.is_empty());
        let query: Vec<_> = pairs.map(|(key, value)| format!("{key}={}", encode(value))).collect();
        if query.is_empty() { path.to_owned() } else { format!("{path}?{}", query.join("&")) }
    }

    /// Whether anything narrows the list.
    pub fn narrowed(&self) -> bool {
        let filters = [
            &self.q,
            &self.licence,
            &self.version,
            &self.external,
            &self.kind,
            &self.edition,
            &self.origin,
            &self.site,
            &self.tag,
            &self.state,
            &self.trigger,
        ];
        filters.into_iter().any(|filter| !filter.is_empty())
    }
}

/// Heading of a column.
pub struct Column {
    /// As shown.
    pub label: &'static str,
    /// Address that sorts by it; empty: it does not sort.
    pub link: String,
    /// `ascending` or `descending` if the list is sorted by it, else empty.
    pub sorted: &'static str,
    /// Whether it holds numbers.
    pub number: bool,
}

/// Headings; each is `(label, name of the order or "", whether numbers)`.
pub fn columns(
    ask: &Ask,
    path: &str,
    sorts: &'static [Sort],
    wanted: &[(&'static str, &'static str, bool)],
) -> Vec<Column> {
    let current = ask.order(sorts);
    let column = |(label, name, number): &(&'static str, &'static str, bool)| {
        let sorted = match current {
            Sort { name: current, .. } if current != *name => "",
            Sort { descending: true, .. } => "descending",
            Sort { .. } => "ascending",
        };
        let link = if name.is_empty() { String::new() } else { ask.address(path, &[("sort", name), ("page", "")]) };
        Column { label, link, sorted, number: *number }
    };
    wanted.iter().map(column).collect()
}

/// Where the page stands in the list.
pub struct Pager {
    /// Rows on all pages.
    pub total: Count,
    /// Number of the first row shown.
    pub from: Count,
    /// Number of the last row shown.
    pub to: Count,
    /// Address of the page before, or empty.
    pub previous: String,
    /// Address of the page after, or empty.
    pub next: String,
    /// Address of the whole list as CSV, or empty.
    pub csv: String,
    /// Address of the list without filters.
    pub all: String,
    /// Whether filters narrow the list.
    pub narrowed: bool,
}

/// Lays out the pages of a list.
pub fn pager(ask: &Ask, path: &str, total: u64) -> Pager {
    let page = ask.page_number();
    let first = (page - 1) * PAGE;
    let to = (first + PAGE).min(total);
    let address =
        |page: u64| ask.address(path, &[("page", if page == 1 { String::new() } else { page.to_string() }.as_str())]);
    Pager {
        total: Count(total),
        from: Count(if first < total { first + 1 } else { 0 }),
        to: Count(if first < total { to } else { 0 }),
        previous: if page > 1 { address((page - 1).min(total.div_ceil(PAGE).max(1))) } else { String::new() },
        next: if to < total { address(page + 1) } else { String::new() },
        csv: ask.address(&format!("{path}.csv"), &[("page", "")]),
        all: Ask { scan: ask.scan.clone(), ..Ask::default() }.address(path, &[]),
        narrowed: ask.narrowed(),
    }
}

/// One entry of a filter's list.
pub struct Choice {
    /// As in the address.
    pub value: &'static str,
    /// As shown.
    pub label: &'static str,
    /// Whether it is the one in the address.
    pub chosen: bool,
}

/// Entries of a filter's list; the first one keeps everything.
pub fn choices(current: &str, all: &[(&'static str, &'static str)]) -> Vec<Choice> {
    all.iter().map(|(value, label)| Choice { value, label, chosen: *value == current }).collect()
}

/// Entries of a filter by version of Windows Server, the newest first.
pub fn versions(current: &str) -> Vec<Choice> {
    let names = VersionName::WINDOWS.iter().rev().map(|version| (version.name(), version.name()));
    choices(current, &std::iter::once(("", "Any")).chain(names).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SORTS: &[Sort] =
        &[Sort { name: "name", column: "n", descending: false }, Sort { name: "last", column: "l", descending: true }];

    #[test]
    fn the_address_keeps_filter_and_order_and_escapes_values() {
        let ask = Ask { q: "a&b c/ü".into(), sort: "last".into(), page: "3".into(), ..Ask::default() };
        assert_eq!(ask.address("/people", &[("page", "")]), "/people?q=a%26b%20c%2F%C3%BC&sort=last");
        assert_eq!(Ask::default().address("/people", &[]), "/people");
        let columns = columns(&ask, "/people", SORTS, &[("Name", "name", false), ("Last", "last", false)]);
        assert_eq!((columns[0].sorted, columns[1].sorted), ("", "descending"));
        assert_eq!(columns[0].link, "/people?q=a%26b%20c%2F%C3%BC&sort=name");
    }

    #[test]
    fn pages_know_their_neighbours() {
        for (page, total, from, to, previous, next) in [
            ("", 0, 0, 0, "", ""),
            ("", 100, 1, 100, "", ""),
            ("", 101, 1, 100, "", "/p?page=2"),
            ("2", 101, 101, 101, "/p", ""),
            ("9", 101, 0, 0, "/p?page=2", ""),
            ("nonsense", 101, 1, 100, "", "/p?page=2"),
        ] {
            let pager = pager(&Ask { page: page.into(), ..Ask::default() }, "/p", total);
            assert_eq!((pager.from, pager.to), (Count(from), Count(to)), "page {page} of {total}");
            assert_eq!((pager.previous.as_str(), pager.next.as_str()), (previous, next), "page {page} of {total}");
        }
    }
}
