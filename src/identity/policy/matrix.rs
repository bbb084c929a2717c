//! The reviewed file, read once and strictly.

use std::{collections::HashMap, sync::LazyLock};

use strum::IntoEnumIterator;

use super::words::{Action, Effect, Grade, Phase, Relation};

/// The reviewed file.
pub(super) const FILE: &str = include_str!("../../../config/authorization.csv");

/// Its name in messages.
const FILE_NAME: &str = "config/authorization.csv";

/// Its first line that is no comment.
pub(super) const HEADER: &str = "action,role,relation,phaseFrom,phaseTo,effect,ground";

/// Parses the compiled-in matrix, so that a start fails where a later request would.
///
/// # Errors
/// File, line and what is wrong there.
pub fn check_matrix() -> Result<(), String> {
    MATRIX.as_ref().map(drop).map_err(Clone::clone)
}

type Matrix = HashMap<(Action, Grade, Relation, Phase), Effect>;

pub(super) static MATRIX: LazyLock<Result<Matrix, String>> = LazyLock::new(|| parse(FILE));

/// Reads the file strictly: known words only, phases in order, no case listed twice, a ground on every row.
pub(super) fn parse(text: &str) -> Result<Matrix, String> {
    let mut matrix = Matrix::new();
    let mut lines = text.lines().zip(1..).filter(|(line, _)| !line.is_empty() && !line.starts_with('#'));
    match lines.next() {
        Some((HEADER, _)) => {}
        _ => return Err(format!("{FILE_NAME}: the first line that is no comment must be {HEADER}")),
    }
    for (line, number) in lines {
        add_row(&mut matrix, line).map_err(|why| format!("{FILE_NAME}:{number}: {why}"))?;
    }
    Ok(matrix)
}

fn add_row(matrix: &mut Matrix, line: &str) -> Result<(), String> {
    let columns: Vec<&str> = line.split(',').collect();
    let [action, roles, relations, from, to, effect, ground] = columns.as_slice() else {
        return Err(format!("expected 7 columns, found {}", columns.len()));
    };
    let action: Action = word("action", action)?;
    let (from, to): (Phase, Phase) = (word("phaseFrom", from)?, word("phaseTo", to)?);
    let effect: Effect = word("effect", effect)?;
    if from > to {
        return Err(format!("phaseFrom {from} comes after phaseTo {to}"));
    }
    if ground.is_empty() {
        return Err("ground is empty".into());
    }
    for role in roles.split('|') {
        for relation in relations.split('|') {
            let (grade, relation) = (grade(role)?, word::<Relation>("relation", relation)?);
            if (relation == Relation::Public) == matches!(grade, Grade::Role(_)) {
                return Err(format!("relation {relation} does not go with role {role}"));
            }
            for phase in Phase::iter().filter(|phase| (from..=to).contains(phase)) {
                if matrix.insert((action, grade, relation, phase), effect).is_some() {
                    return Err(format!("{action}, {role}, {relation} in {phase} is listed twice"));
                }
            }
        }
    }
    Ok(())
}

pub(super) fn word<T: std::str::FromStr>(column: &str, text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("{column} {text:?} is not known"))
}

pub(super) fn grade(text: &str) -> Result<Grade, String> {
    match text {
        "public" => Ok(Grade::Public),
        "hall" => Ok(Grade::Hall),
        role => word("role", role).map(Grade::Role),
    }
}
