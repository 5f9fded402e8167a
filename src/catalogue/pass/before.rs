//! The children that a directory had, found by their names.
//!
//! They are asked for in the order in which they were found the last time, but for those that came or went; so the next one
//! is nearly always the one that is asked for, and nothing has to be sorted for that.

/// Names that are sought one by one before all are sorted.
const FEW: usize = 8;

/// The children of one directory.
#[derive(Debug, Default)]
pub(super) struct Before {
    /// Their numbers in the previous catalogue, in the order in which they were found.
    children: Vec<u32>,
    /// The place of the one that is expected next.
    next: usize,
    /// How many were sought elsewhere.
    sought: usize,
    /// Their places in the order of their names; empty until many were sought.
    by_name: Vec<usize>,
}

impl Before {
    /// Those of another directory, in the order in which they were found.
    pub(super) fn fill(&mut self, children: impl Iterator<Item = u32>) {
        self.children.clear();
        self.children.extend(children);
        self.by_name.clear();
        (self.next, self.sought) = (0, 0);
    }

    /// All of them.
    pub(super) fn children(&self) -> &[u32] {
        &self.children
    }

    /// The number of the one called `name`; `name_of` knows the names. Of two with one name it is any.
    pub(super) fn named<'n>(
        &mut self,
        name: &[u8],
        name_of: impl Fn(u32) -> &'n [u8],
    ) -> Option<u32> {
        let is_it = |number: u32| name_of(number) == name;
        let expected = self.children.get(self.next).copied();
        if let Some(number) = expected.filter(|number| is_it(*number)) {
            self.next += 1;
            return Some(number);
        }
        self.sought += 1;
        let place = if self.sought <= FEW {
            self.children.iter().position(|number| is_it(*number))?
        } else {
            if self.by_name.is_empty() {
                self.by_name.extend(0..self.children.len());
                self.by_name
                    .sort_unstable_by_key(|place| name_of(self.children[*place]));
            }
            let name_at = |place: &usize| name_of(self.children[*place]);
            let found = self.by_name.binary_search_by_key(&name, name_at).ok()?;
            self.by_name[found]
        };
        self.next = place + 1;
        Some(self.children[place])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Children 0, 1, 2 … are called by these names.
    fn ask(names: &[&str], asked: &[&str]) -> (Vec<Option<u32>>, Before) {
        let mut before = Before::default();
        before.fill((0..).zip(names).map(|(number, _)| number));
        let name_of = |number: u32| names[number as usize].as_bytes();
        let found = asked.iter();
        let found = found.map(|name| before.named(name.as_bytes(), name_of));
        (found.collect(), before)
    }

    #[test]
    fn what_is_asked_for_in_its_order_is_not_sought() {
        let names = ["B", "a", "10", "é"];
        let (found, before) = ask(&names, &names);
        assert_eq!(found, [Some(0), Some(1), Some(2), Some(3)]);
        assert_eq!(before.sought, 0);
    }

    #[test]
    fn what_came_and_went_puts_nothing_else_out_of_order() {
        let (found, before) = ask(
            &["a", "gone", "b", "gone too", "c", "d"],
            &["a", "new", "b", "c", "newer", "d"],
        );
        assert_eq!(found, [Some(0), None, Some(2), Some(4), None, Some(5)]);
        assert_eq!(before.sought, 4);
        assert!(before.by_name.is_empty());
    }

    #[test]
    fn any_other_order_is_served_too() {
        let names: Vec<String> = (0..200).map(|n| format!("{}", n * 7919 % 1000)).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut asked: Vec<&str> = names.iter().rev().copied().chain(["none", ""]).collect();
        asked.extend(&names);
        let (found, before) = ask(&names, &asked);
        for (name, found) in asked.iter().zip(found) {
            let place = names.iter().position(|known| known == name);
            assert_eq!(found.map(|number| number as usize), place, "{name}");
        }
        assert_eq!(before.by_name.len(), names.len());
    }

    #[test]
    fn the_next_directory_has_nothing_of_the_last_one() {
        let (_, mut before) = ask(
            &["a", "b"],
            &["b", "b", "b", "b", "b", "b", "b", "b", "b", "b"],
        );
        assert!(!before.by_name.is_empty());
        before.fill(std::iter::once(0));
        assert_eq!(before.named(b"b", |_| b"c"), None);
        assert_eq!(before.named(b"c", |_| b"c"), Some(0));
        before.fill(std::iter::empty());
        assert_eq!(before.named(b"c", |_| b"c"), None);
    }
}
