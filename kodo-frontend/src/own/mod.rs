//! Ownership: what a program may do with a variable while something else holds it.
//!
//! `conflicts` looks at one call at a time: a variable cannot be lent out twice if one of the borrowers may change it.

pub mod conflicts;
