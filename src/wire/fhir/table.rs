//! The elements of R4, read once from `r4.csv`.

use std::sync::OnceLock;

use rustc_hash::FxHashMap;

use super::primitive::Primitive;

/// No type has more elements of its own.
pub(super) const ELEMENTS_MAX: usize = 64;

/// A datatype, a resource, or an element with elements of its own.
#[derive(Debug)]
pub(super) struct Shape {
    /// Its type or path: `Period`, `Encounter.participant`.
    pub(super) name: &'static str,
    /// Whether it is a resource.
    pub(super) is_resource: bool,
    /// Its elements.
    pub(super) elements: Vec<Element>,
    places: FxHashMap<String, Place>,
}

/// An element of a [`Shape`].
#[derive(Debug)]
pub(super) struct Element {
    /// Its name; of a choice, the part before `[x]`.
    pub(super) name: &'static str,
    /// Whether it has to be there.
    pub(super) is_required: bool,
    /// Whether it is a list.
    pub(super) is_list: bool,
    /// Whether it has several types to choose from.
    pub(super) is_choice: bool,
    /// Its type or types.
    pub(super) kinds: Vec<Kind>,
    /// The codes it may have; empty if that is open.
    pub(super) codes: Vec<&'static str>,
    /// The types it may refer to; empty if that is open.
    pub(super) targets: Vec<&'static str>,
}

/// What an element is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A value.
    Primitive(Primitive),
    /// Elements: the number of a [`Shape`].
    Shape(usize),
    /// A reference: the number of its shape.
    Reference(usize),
    /// A whole resource.
    Resource,
    /// A whole resource that is examined for itself.
    Entry,
}

/// Which element a key is, and which of its types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) element: usize,
    pub(super) kind: usize,
}

/// All types.
#[derive(Debug, Default)]
pub(super) struct Table {
    shapes: Vec<Shape>,
    names: FxHashMap<&'static str, usize>,
    types: Vec<&'static str>,
}

/// The table.
pub(super) fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(|| Table::read(include_str!("r4.csv")))
}

impl Table {
    /// The shape of a number.
    pub(super) fn shape(&self, number: usize) -> Option<&Shape> {
        self.shapes.get(number)
    }

    /// The shape of a type or path.
    pub(super) fn named(&self, name: &str) -> Option<&Shape> {
        self.names.get(name).and_then(|number| self.shape(*number))
    }

    /// The shape of a resource that can be examined.
    pub(super) fn resource(&self, name: &str) -> Option<&Shape> {
        self.is_type(name).then(|| self.named(name)).flatten()
    }

    /// Whether R4 has such a resource, examined or not.
    pub(super) fn is_type(&self, name: &str) -> bool {
        self.types.binary_search(&name).is_ok()
    }

    /// Whether R4, as far as it is known here, has such a datatype.
    pub(super) fn is_datatype(&self, name: &str) -> bool {
        let is_shape = self.names.contains_key(name) && !name.contains('.') && !self.is_type(name);
        is_shape || Primitive::all().any(|one| capital(one) == name)
    }

    fn read(text: &'static str) -> Table {
        let rows: Vec<Row> = text.lines().skip(1).filter_map(Row::read).collect();
        let mut table = Table::default();
        for row in &rows {
            if row.owner == "Resource" {
                table.types.clone_from(&row.codes);
            } else if !table.names.contains_key(row.owner) {
                table.names.insert(row.owner, table.shapes.len());
                table.shapes.push(Shape {
                    name: row.owner,
                    is_resource: false,
                    elements: Vec::new(),
                    places: FxHashMap::default(),
                });
            }
        }
        for row in rows {
            table.place(row);
        }
        for shape in &mut table.shapes {
            shape.is_resource = table.types.binary_search(&shape.name).is_ok();
        }
        table
    }

    fn place(&mut self, row: Row) {
        let kinds: Vec<Kind> = row.kinds.iter().filter_map(|kind| self.kind(kind, &row)).collect();
        let Some(shape) = self.names.get(row.owner).and_then(|number| self.shapes.get_mut(*number))
        else {
            return;
        };
        let element = shape.elements.len();
        for (kind, type_name) in row.kinds.iter().enumerate() {
            let ending = if row.is_choice { capital(type_name) } else { String::new() };
            shape.places.insert(format!("{}{ending}", row.name), Place { element, kind });
        }
        shape.elements.push(Element {
            name: row.name,
            is_required: row.is_required,
            is_list: row.is_list,
            is_choice: row.is_choice,
            kinds,
            codes: row.codes,
            targets: row.targets,
        });
    }

    fn kind(&self, name: &str, row: &Row) -> Option<Kind> {
        let shape_of = |path: &str| self.names.get(path).copied();
        match name {
            "Resource" if row.path == "Bundle.entry.resource" => Some(Kind::Entry),
            "Resource" => Some(Kind::Resource),
            "=" => shape_of(row.path).map(Kind::Shape),
            "Reference" => shape_of(name).map(Kind::Reference),
            name => Primitive::named(name)
                .map(Kind::Primitive)
                .or_else(|| shape_of(name.trim_start_matches('#')).map(Kind::Shape)),
        }
    }
}

impl Shape {
    /// Which element a key is.
    pub(super) fn place(&self, key: &str) -> Option<Place> {
        self.places.get(key).copied()
    }
}

struct Row {
    path: &'static str,
    owner: &'static str,
    name: &'static str,
    is_choice: bool,
    is_required: bool,
    is_list: bool,
    kinds: Vec<&'static str>,
    codes: Vec<&'static str>,
    targets: Vec<&'static str>,
}

impl Row {
    fn read(line: &'static str) -> Option<Row> {
        let mut fields = line.split(',');
        let mut next = || fields.next();
        let (path, least, most) = (next()?, next()?, next()?);
        let words = |field: &'static str| field.split_whitespace().collect::<Vec<_>>();
        let (kinds, codes, targets) = (words(next()?), words(next()?), words(next()?));
        let (owner, name) = path.rsplit_once('.')?;
        let is_choice = name.ends_with("[x]");
        let name = name.trim_end_matches("[x]");
        let (is_required, is_list) = (least == "1", most == "*");
        Some(Row { path, owner, name, is_choice, is_required, is_list, kinds, codes, targets })
    }
}

/// With a capital, as a choice is named: `dateTime` is `DateTime`.
fn capital(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_table_is_read() {
        let rows = include_str!("r4.csv").lines().count() - 2;
        let elements: usize = table().shapes.iter().map(|shape| shape.elements.len()).sum();
        assert_eq!(rows, elements, "rows that are no elements");
        assert!(table().types.is_sorted());
        for shape in &table().shapes {
            assert!(shape.elements.len() <= ELEMENTS_MAX, "{}", shape.name);
            for element in &shape.elements {
                let is_known = !element.kinds.is_empty();
                assert!(is_known, "{}.{} has types that are not known", shape.name, element.name);
            }
        }
    }

    #[test]
    fn every_type_of_every_choice_is_known() {
        for row in include_str!("r4.csv").lines().skip(1).filter_map(Row::read) {
            for kind in row.kinds.iter().filter(|_| row.owner != "Resource") {
                assert!(table().kind(kind, &row).is_some(), "{}: {kind}", row.path);
            }
        }
    }
}
