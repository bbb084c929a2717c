//! What is wrong with one object of a request, gathered before the answer.

use std::fmt;

use crate::kernel::{Code, FieldError, Rejection, Say};

/// Everything wrong with one object, gathered before the answer.
#[derive(Debug)]
pub(in crate::scoring) struct Complaints {
    at: String,
    errors: Vec<FieldError>,
    first: Option<Say>,
}

impl Complaints {
    /// About the object at JSON pointer `at`.
    pub(in crate::scoring) fn new(at: String) -> Self {
        Self { at, errors: Vec::new(), first: None }
    }

    /// `place` below the object is invalid.
    pub(in crate::scoring) fn add(&mut self, place: impl fmt::Display, zh: &str, en: &str) {
        self.push(format!("{}/{place}", self.at), zh, en);
    }

    /// The object as a whole is invalid.
    pub(in crate::scoring) fn add_whole(&mut self, zh: &str, en: &str) {
        self.push(self.at.clone(), zh, en);
    }

    fn push(&mut self, pointer: String, zh: &str, en: &str) {
        self.errors.push(FieldError::new(pointer, "invalid", format!("{zh} / {en}")));
        self.first.get_or_insert_with(|| Say::new(zh, en));
    }

    /// `value`, unless something was wrong.
    pub(in crate::scoring) fn or<T>(self, value: T) -> Result<T, Rejection> {
        match self.first {
            None => Ok(value),
            Some(detail) => Err(Rejection { code: Code::InvalidRequest, detail, errors: self.errors }),
        }
    }
}
