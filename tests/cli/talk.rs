//! The facts of the talk: its envelope gives its matrix.

use crate::support::{Folder, column, numbers, root};

fn with_talk() -> Folder {
    let folder = Folder::new();
    for name in ["envelope", "matrix", "day"] {
        folder.write(
            &format!("{name}.csv"),
            std::fs::read(root().join("data/talk").join(format!("{name}.csv"))).unwrap(),
        );
    }
    folder.succeeds("train --model envelope --bounds envelope.csv -o talk.json");
    folder
}

#[test]
fn the_talks_bounds_give_the_talks_matrix_row_by_row() {
    let folder = with_talk();
    let csv = folder.succeeds("evaluate talk.json --hours 4,9,20 --wh 100,150,1500,3000 --format csv");
    let expected = folder.read("matrix.csv");
    assert_eq!(column(&csv, "hour"), column(&expected, "hour"));
    assert_eq!(column(&csv, "wh"), column(&expected, "wh"));
    let rounded: Vec<_> = numbers(&csv, "score").iter().map(|score| format!("{score:.4}")).collect();
    assert_eq!(rounded, column(&expected, "score"));
    // The talk's notes give some of them in full.
    assert!(csv.contains("any,4,1500,5.458823529411765\n"), "{csv}");
    assert!(csv.contains("any,20,3000,0.7951608468518009\n"), "{csv}");
}

#[test]
fn the_matrix_is_a_table_to_read() {
    let text = with_talk().succeeds("evaluate talk.json --hours 4,9,20 --wh 100,150,1500,3000");
    insta::assert_snapshot!(text, @r"
                 100 Wh     150 Wh    1500 Wh    3000 Wh
    04:00       -0.0314     0.1647     5.4588    11.3412
    09:00       -0.0055     0.0194     0.6914     1.4380
    20:00       -0.0022     0.0115     0.3827     0.7952
    ");
}

#[test]
fn the_matrix_in_json_is_versioned_and_the_same() {
    let folder = with_talk();
    let json = folder.succeeds("evaluate talk.json --hours 4 --wh 1500 --format json");
    let document: serde_json::Value = serde_json::from_str(&json).unwrap();
    let expected = serde_json::json!({
        "format": "knowatt-score-matrix",
        "version": 1,
        "rows": [{"day": "any", "hour": 4, "wh": 1500.0, "score": 5.458_823_529_411_765}],
    });
    assert_eq!(document, expected);
}

#[test]
fn the_talks_day_is_normal_throughout() {
    // Each hour of the day the talk shows lies within its envelope.
    let folder = with_talk();
    let day = folder.read("day.csv");
    for (hour, wh) in column(&day, "hour").iter().zip(column(&day, "wh")) {
        let csv = folder.succeeds(&format!("evaluate talk.json --hours {hour} --wh {wh} --format csv"));
        assert!((0.0..=1.0).contains(&numbers(&csv, "score")[0]), "{csv}");
    }
}

#[test]
fn bounds_that_are_no_bounds_are_refused_with_their_line() {
    let folder = Folder::new();
    let whole: Vec<String> = (0..24).map(|hour| format!("{hour},100,{}", 500 + hour)).collect();
    let file = |rows: &[String]| format!("hour,min_wh,max_wh\n{}\n", rows.join("\n"));
    let with = |at: usize, row: &str| {
        let mut rows = whole.clone();
        row.clone_into(&mut rows[at]);
        file(&rows)
    };
    let cases = [
        (with(3, "3,100,100"), "bounds.csv: line 5: max_wh must be above min_wh"),
        (with(3, "2,100,200"), "bounds.csv: line 5: this day and hour was given before"),
        (with(3, "24,100,200"), "bounds.csv: line 5: hour is `24`; expected a whole number from 0 to 23"),
        (with(3, "3,NaN,200"), "bounds.csv: line 5: min_wh is `NaN`; expected a number of Wh, 0 or more"),
        (with(3, "3,-1,200"), "bounds.csv: line 5: min_wh is `-1`; expected a number of Wh, 0 or more"),
        (with(3, "3,x,1").replace('\n', "\r\n\r\n"), "bounds.csv: line 9: min_wh is `x`"),
        (file(&whole[1..]), "bounds.csv: any, hour 0 is missing"),
        ("hour,low,high\n0,1,2\n".to_owned(), "there is no column `min_wh`"),
        (String::new(), "there is no column `hour`"),
    ];
    for (content, expected) in cases {
        folder.write("bounds.csv", content);
        let message = folder.refuses("train --model envelope --bounds bounds.csv -o m.json");
        assert!(message.contains(expected), "{message} for {expected}");
    }
}
