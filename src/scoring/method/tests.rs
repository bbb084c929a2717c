//! What a document may write down as its method.

use serde_json::{Value, json};

use super::*;

fn works(change: impl FnOnce(&mut Value)) -> Result<Method, Rejection> {
    let mut parameters = json!({
        "benchmark": "trimmedMean", "ceiling": "10200000.00", "fullMarks": "40", "kAbove": "1",
        "kBelow": "0.5", "scoreDecimals": 2
    });
    change(&mut parameters);
    Method::read(json!({"method": "engComprehensive", "parameters": parameters}), "/document")
}

fn pointers(answer: Result<Method, Rejection>) -> Vec<String> {
    answer.unwrap_err().errors.into_iter().map(|error| error.pointer).collect()
}

#[test]
fn a_method_goes_out_as_it_came_in() {
    let method = works(|_| ()).unwrap();
    let written = serde_json::to_value(&method).unwrap();
    assert_eq!(Method::read(written.clone(), "").unwrap(), method);
    assert_eq!(written["parameters"]["kBelow"], "0.5");
}

#[test]
fn each_wrong_parameter_is_pointed_at() {
    assert_eq!(pointers(works(|it| it["scoreDecimals"] = json!(5))), ["/document/parameters/scoreDecimals"]);
    assert_eq!(pointers(works(|it| it["trimFrom"] = json!(2))), ["/document/parameters/trimFrom"]);
    assert_eq!(pointers(works(|it| it["kAbove"] = json!("1e2"))), ["/document/parameters/kAbove"]);
    assert_eq!(pointers(works(|it| it["kAbove"] = json!(1))), ["/document/parameters/kAbove"]);
    assert_eq!(pointers(works(|it| it["lambda"] = json!("1"))), ["/document/parameters/lambda"]);
    assert_eq!(pointers(works(|it| it["ceiling"] = json!("0.00"))), ["/document/parameters/ceiling"]);
    assert_eq!(pointers(works(|it| it["minScore"] = json!("0.125"))), ["/document/parameters/minScore"]);
    let both = works(|it| {
        it["fullMarks"] = json!("100.01");
        it["benchmark"] = json!("mean");
        it["trimFrom"] = json!(5);
    });
    assert_eq!(pointers(both), ["/document/parameters/fullMarks", "/document/parameters/trimFrom"]);
    let unknown = Method::read(json!({"method": "lowest", "parameters": {}}), "");
    assert_eq!(pointers(unknown), ["/method"]);
}
