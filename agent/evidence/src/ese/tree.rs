//! The leaves of a B+tree: down the branches for where to start, then along the sibling links.
//!
//! Either way alone loses rows: links break at a damaged page, and in a database that was not closed a parent may not
//! know its newest leaf yet. So every leaf the branches name starts a walk along the links, and a bit map of pages
//! seen makes each leaf come out once and ends every cycle.

use std::{
    io::{Read, Seek},
    rc::Rc,
};

use super::{EseError, error::Warnings, page::Page, pages::Pages};

/// Deeper trees than this do not exist: with 2 KiB pages and the longest keys, six levels fill the largest file.
const DEEPEST: usize = 32;

pub struct Leaves {
    seen: Vec<u64>,
    object: u32,
    /// Branch pages on the way down, each with the next node to follow.
    path: Vec<(Rc<Page>, usize)>,
    root: Option<u32>,
    /// The right sibling of the leaf that came out last.
    next: u32,
}

impl Leaves {
    /// All leaves of the tree at `root`, whose pages belong to `object`.
    pub fn new(pages: u32, root: u32, object: u32) -> Self {
        Self { seen: vec![0; pages as usize / 64 + 1], object, path: Vec::new(), root: Some(root), next: 0 }
    }

    /// The next leaf; damage on the way becomes a warning.
    pub fn next<R: Read + Seek>(
        &mut self,
        pages: &mut Pages<R>,
        warnings: &mut Warnings,
    ) -> Result<Option<Rc<Page>>, EseError> {
        loop {
            let number = if self.next == 0 {
                match self.child(warnings) {
                    Some(number) => number,
                    None => return Ok(None),
                }
            } else {
                std::mem::take(&mut self.next)
            };
            if !self.first_visit(number) {
                continue;
            }
            let page = match pages.get(number) {
                Ok(page) => page,
                Err(error @ (EseError::CutOff { .. } | EseError::Io { .. })) => return Err(error),
                Err(error) => {
                    warnings.push(format!("page {number} skipped: {error}"));
                    continue;
                }
            };
            if page.object != self.object || page.is_space_tree() {
                let found = format!("object {}", page.object);
                let error = EseError::damaged(page.offset + 24, "owner of the page", self.object, found);
                warnings.push(format!("page {number} skipped: {error}"));
                continue;
            }
            if page.is_leaf() {
                self.next = page.next;
                if page.is_empty() {
                    continue;
                }
                return Ok(Some(page));
            }
            if self.path.len() == DEEPEST {
                let error = EseError::damaged(page.offset, "depth of the tree", format!("at most {DEEPEST}"), "more");
                warnings.push(format!("page {number} skipped: {error}"));
                continue;
            }
            self.path.push((page, 1));
        }
    }

    /// The next page the branches name.
    fn child(&mut self, warnings: &mut Warnings) -> Option<u32> {
        if let Some(root) = self.root.take() {
            return Some(root);
        }
        while let Some((page, at)) = self.path.last_mut() {
            if !page.nodes().contains(at) {
                self.path.pop();
                continue;
            }
            *at += 1;
            match page.node(*at - 1) {
                Ok(Some(node)) => {
                    if let Some(child) = node.child() {
                        return Some(child);
                    }
                    warnings.push(EseError::damaged(page.offset, "branch node", "a page number", "too few bytes"));
                }
                Ok(None) => {}
                Err(error) => warnings.push(error),
            }
        }
        None
    }

    /// Marks a page; false if it came before. Pages outside the file pass, for the reader to refuse.
    fn first_visit(&mut self, number: u32) -> bool {
        let Some(word) = self.seen.get_mut(number as usize / 64) else { return true };
        let bit = 1 << (number % 64);
        let first = *word & bit == 0;
        *word |= bit;
        first
    }
}
