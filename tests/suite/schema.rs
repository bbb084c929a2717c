//! `src/schema.rs` is written from the migrated database and compared with it ever after.
//!
//! `scripts/schema` writes it anew. The migrations are read from their folder, not from the program, so that a
//! suite built earlier can do that while the code that wants the new columns does not compile yet.

use std::{collections::BTreeMap, env, fmt::Write as _, fs, path::Path};

use tokio_postgres::Client;

use crate::support::{
    TestDb,
    db::{connect, migration_folders},
};

const HEAD: &str = "\
//! The tables as diesel sees them, written from the migrated database by `scripts/schema`.
//!
//! Columns of type `xid8` are left out: PostgreSQL fills and compares them, Rust never does.

";

/// Words that cannot name a column in Rust.
const KEYWORDS: [&str; 24] = [
    "abstract", "as", "async", "await", "box", "const", "crate", "do", "else", "enum", "extern", "final",
    "fn", "for", "if", "impl", "in", "let", "loop", "match", "mod", "move", "ref", "type",
];

struct Column {
    name: String,
    sql_type: String,
    nullable: bool,
    comment: Option<String>,
}

struct Table {
    comment: Option<String>,
    columns: Vec<Column>,
    key: Vec<String>,
}

struct Link {
    child: String,
    parent: String,
    column: String,
}

#[tokio::test]
async fn schema_rs_is_what_the_migrations_make() {
    let db = TestDb::empty().await;
    let client = connect(&db.owner_url).await.unwrap();
    for migration in migration_folders() {
        let sql = fs::read_to_string(migration.join("up.sql")).unwrap();
        client.batch_execute(&sql).await.unwrap_or_else(|error| panic!("{}: {error:?}", migration.display()));
    }
    let wanted = written(&tables(&client).await, &links(&client).await);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/schema.rs");
    if env::var_os("UPDATE").is_some() {
        fs::write(&path, wanted).unwrap();
        return;
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    for (number, (found, wanted)) in found.lines().zip(wanted.lines()).enumerate() {
        assert_eq!(found, wanted, "src/schema.rs:{}: run scripts/schema", number + 1);
    }
    assert_eq!(found, wanted, "run scripts/schema");
}

async fn tables(client: &Client) -> BTreeMap<String, Table> {
    let mut tables = BTreeMap::new();
    let mut keys: BTreeMap<String, BTreeMap<i32, String>> = BTreeMap::new();
    let rows = client
        .query(
            "SELECT c.relname::text, obj_description(c.oid, 'pg_class'), a.attname::text,
                    format_type(a.atttypid, NULL), NOT a.attnotnull, col_description(c.oid, a.attnum),
                    array_position(i.indkey::int2[], a.attnum)
               FROM pg_class c
               JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
               LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
              WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
                AND c.relname <> '__diesel_schema_migrations'
              ORDER BY c.relname, a.attnum",
            &[],
        )
        .await
        .unwrap();
    for row in rows {
        let (table, name, kind): (String, String, String) = (row.get(0), row.get(2), row.get(3));
        if kind == "xid8" {
            continue;
        }
        let place: Option<i32> = row.get(6);
        if let Some(place) = place {
            keys.entry(table.clone()).or_default().insert(place, name.clone());
        }
        let sql_type =
            diesel_type(&kind).unwrap_or_else(|| panic!("{table}.{name}: no diesel type for {kind}"));
        let empty = || Table { comment: row.get(1), columns: Vec::new(), key: Vec::new() };
        let column = Column { name, sql_type, nullable: row.get(4), comment: row.get(5) };
        tables.entry(table).or_insert_with(empty).columns.push(column);
    }
    for (name, table) in &mut tables {
        let key = keys.remove(name).unwrap_or_else(|| panic!("{name} has no primary key"));
        table.key = key.into_values().collect();
    }
    tables
}

/// Foreign keys of one column to a primary key, where they are the only link between two tables.
async fn links(client: &Client) -> Vec<Link> {
    let rows = client
        .query(
            "SELECT child.relname::text, parent.relname::text, a.attname::text
               FROM pg_constraint f
               JOIN pg_class child ON child.oid = f.conrelid
               JOIN pg_class parent ON parent.oid = f.confrelid
               JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = f.conkey[1]
               JOIN pg_index i ON i.indrelid = f.confrelid AND i.indisprimary
                              AND i.indnkeyatts = 1 AND i.indkey[0] = f.confkey[1]
              WHERE f.contype = 'f' AND cardinality(f.conkey) = 1 AND f.conrelid <> f.confrelid
                AND child.relnamespace = 'public'::regnamespace
                AND (SELECT count(*) FROM pg_constraint o WHERE o.contype = 'f'
                      AND (o.conrelid, o.confrelid)
                          IN ((f.conrelid, f.confrelid), (f.confrelid, f.conrelid))) = 1
              ORDER BY 1, 2",
            &[],
        )
        .await
        .unwrap();
    rows.iter().map(|row| Link { child: row.get(0), parent: row.get(1), column: row.get(2) }).collect()
}

fn diesel_type(kind: &str) -> Option<String> {
    if let Some(element) = kind.strip_suffix("[]") {
        return Some(format!("Array<{}>", diesel_type(element)?));
    }
    let name = match kind {
        "uuid" => "Uuid",
        "text" | "character varying" | "character" => "Text",
        "smallint" => "Int2",
        "integer" => "Int4",
        "bigint" => "Int8",
        "boolean" => "Bool",
        "timestamp with time zone" => "Timestamptz",
        "date" => "Date",
        "time without time zone" => "Time",
        "interval" => "Interval",
        "numeric" => "Numeric",
        "jsonb" => "Jsonb",
        "bytea" => "Bytea",
        "tstzrange" => "Range<Timestamptz>",
        "daterange" => "Range<Date>",
        _ => return None,
    };
    Some(name.to_owned())
}

fn rust_name(name: &str) -> String {
    if KEYWORDS.contains(&name) { format!("{name}_") } else { name.to_owned() }
}

fn doc(out: &mut String, indent: &str, comment: Option<&str>) {
    for line in comment.unwrap_or_default().lines() {
        writeln!(out, "{indent}/// {}", line.trim()).unwrap();
    }
}

fn written(tables: &BTreeMap<String, Table>, links: &[Link]) -> String {
    let mut out = HEAD.to_owned();
    for (name, table) in tables {
        let key: Vec<String> = table.key.iter().map(|column| rust_name(column)).collect();
        out.push_str("diesel::table! {\n");
        doc(&mut out, "    ", table.comment.as_deref());
        writeln!(out, "    {name} ({}) {{", key.join(", ")).unwrap();
        for column in &table.columns {
            let rust = rust_name(&column.name);
            doc(&mut out, "        ", column.comment.as_deref());
            if rust != column.name {
                writeln!(out, "        #[sql_name = \"{}\"]", column.name).unwrap();
            }
            let sql_type = if column.nullable {
                format!("Nullable<{}>", column.sql_type)
            } else {
                column.sql_type.clone()
            };
            writeln!(out, "        {rust} -> {sql_type},").unwrap();
        }
        out.push_str("    }\n}\n\n");
    }
    for Link { child, parent, column } in links {
        writeln!(out, "diesel::joinable!({child} -> {parent} ({}));", rust_name(column)).unwrap();
    }
    if !links.is_empty() {
        out.push('\n');
    }
    out.push_str("diesel::allow_tables_to_appear_in_same_query! {\n");
    for name in tables.keys() {
        writeln!(out, "    {name},").unwrap();
    }
    out.push_str("}\n");
    out
}
