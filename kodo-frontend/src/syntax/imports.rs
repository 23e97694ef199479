//! What a file imports, for whoever reads files.

use super::ast::{Ast, Id, Node};
use crate::names::{Name, Names};
use crate::source::Span;

/// An import as it is written.
pub struct Import {
    /// The item; [`types::check`](crate::types::check) wants to hear of it again.
    pub node: Id,
    /// The path alone.
    pub span: Span,
    /// `a.b` and `a::b` are `["a", "b"]`. Never empty.
    pub path: Vec<String>,
}

/// The imports of a file, in the order in which they stand.
pub fn imports(ast: &Ast, names: &Names) -> Vec<Import> {
    let mut found = Vec::new();
    let items = ast.roots.iter().flat_map(|root| match ast.node(*root) {
        Node::Module(_, items) => ast.list(items),
        _ => std::slice::from_ref(root),
    });
    for &node in items {
        let Node::Import(path, _) = ast.node(node) else { continue };
        if let Some(words) = path_of(ast, path, usize::MAX) {
            let path_text = words.iter().map(|&name| names.text(name).to_owned()).collect();
            found.push(Import { node, span: ast.span(path), path: path_text });
        }
    }
    found
}

/// The names of a path `a.b` or `a::b` of at most so many; `None` of anything else.
pub fn path_of(ast: &Ast, mut path: Id, most: usize) -> Option<Vec<Name>> {
    let mut names = Vec::new();
    while names.len() < most {
        match ast.node(path) {
            Node::Path(name) => {
                names.push(name);
                names.reverse();
                return Some(names);
            }
            Node::Member(of, name) | Node::Field(of, name) => {
                names.push(name);
                path = of;
            }
            _ => return None,
        }
    }
    None
}
