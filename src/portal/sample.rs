//! Sample view models for the tests of the pages: the demo's park, an invented purchase, and their kin.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use rust_decimal::Decimal;

use super::{
    bid::{BidView, OwnBid, PartLine, Standing},
    reader::grouped,
    view::*,
    *,
};
use crate::kernel::{
    Say,
    say::Language,
    time::{end_of_day, hall_instant},
};
use crate::ledger::light::LightState;
use crate::tenders::Part;

pub(super) fn reader(language: Language, here: &str) -> Reader {
    let name = Say::new("锡林郭勒盟公共资源交易大厅", "Xilingol Public Resource Trading Hall");
    Reader::new(language, language == Language::En, here.to_owned(), HallFacts { name, sandbox: true })
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn at(text: &str) -> DateTime<Utc> {
    let (date, time) = text.split_once(' ').unwrap();
    let time = if time.len() == 5 { format!("{time}:00") } else { time.to_owned() };
    hall_instant(day(date), time.parse::<NaiveTime>().unwrap())
}

fn say(reader: &Reader, zh: &str, en: &str) -> String {
    Say::new(zh, en).in_language(reader.language).to_owned()
}

const PARK: &str = "太仆寺旗滨河公园建设工程施工";

pub(super) fn notices(r: &Reader) -> Vec<NoticeLine> {
    let works = say(r, "工程建设", "Works");
    let buys = say(r, "政府采购", "Purchases");
    let taibus = say(r, "太仆寺旗", "Taibus Banner");
    let line = |id: &str, title: &str, kind: (&str, &str), category: &str, region: &str, published: &str| {
        NoticeLine {
            id: id.into(),
            title: title.into(),
            kind: say(r, kind.0, kind.1),
            category: category.into(),
            region: region.into(),
            published: at(published),
            deadline: None,
        }
    };
    let abag = say(r, "阿巴嘎旗", "Abag Banner");
    let mut lines = vec![
        line(
            "n7",
            "太仆寺旗滨河公园建设工程施工中标结果公告",
            ("中标结果公告", "Award notice"),
            &works,
            &taibus,
            "2026-03-24 10:00",
        ),
        line(
            "n6",
            "太仆寺旗滨河公园建设工程施工中标候选人公示",
            ("候选人公示", "Candidates"),
            &works,
            &taibus,
            "2026-03-18 09:00",
        ),
        line(
            "n5",
            "太仆寺旗中小学教学设备采购项目公开招标公告",
            ("采购公告", "Purchase notice"),
            &buys,
            &taibus,
            "2026-03-12 15:30",
        ),
        line(
            "n4",
            "阿巴嘎旗别力古台镇供热管网改造工程招标公告",
            ("招标公告", "Tender notice"),
            &works,
            &abag,
            "2026-03-10 09:00",
        ),
        line(
            "n3",
            "正蓝旗国有建设用地使用权挂牌出让公告（蓝土挂〔2026〕3号）",
            ("出让公告", "Land listing"),
            &say(r, "土地矿业权", "Land and mining"),
            &say(r, "正蓝旗", "Zhenglan Banner"),
            "2026-03-02 11:00",
        ),
        line(
            "n1",
            "太仆寺旗滨河公园建设工程施工招标公告",
            ("招标公告", "Tender notice"),
            &works,
            &taibus,
            "2026-02-24 09:00",
        ),
    ];
    lines[2].deadline = Some(at("2026-04-02 09:00"));
    lines[3].deadline = Some(at("2026-03-31 09:30"));
    lines
}

pub(super) fn home(r: &Reader) -> HomeView {
    let room = |n: u32| {
        if r.language == Language::Zh { format!("开标{n}室") } else { format!("Opening room {n}") }
    };
    let line = |time: &str, title: &str, n: u32, state| OpeningLine {
        at: at(&format!("2026-03-16 {time}")),
        title: title.into(),
        project: "p1".into(),
        room: room(n),
        state,
    };
    HomeView {
        today: day("2026-03-16"),
        openings: vec![
            line("09:00", "二连浩特市口岸查验设施维修工程", 4, Progress::Done),
            line("09:30", PARK, 1, Progress::Now),
            line("10:30", "西乌珠穆沁旗草原防火物资储备库设备采购", 2, Progress::Stopped),
            line("14:30", "苏尼特右旗牧区道路养护工程（二标段）", 3, Progress::Coming),
        ],
        ahead: vec![OpeningLine {
            at: at("2026-03-31 09:30"),
            ..line("09:30", "阿巴嘎旗别力古台镇供热管网改造工程", 2, Progress::Coming)
        }],
        past: Vec::new(),
        boards: vec![Link {
            href: "/board/152500".into(),
            text: r.says(&Say::new("锡林郭勒盟", "Xilingol League")),
        }],
        notices: notices(r),
        record: RecordLight { state: LightState::Green, at: Some(at("2026-03-16 09:28")), minutes: 2 },
    }
}

pub(super) fn notices_page(r: &Reader) -> NoticesView {
    NoticesView {
        kinds: vec![Choice::new("tender", r.w.evaluation), Choice::new("award", r.w.award)],
        categories: vec![
            Choice::new("engineering", r.w.engineering),
            Choice::new("procurement", r.w.procurement),
        ],
        regions: regions(r),
        notices: notices(r),
        older: Some("eyJhIjoxfQ".into()),
    }
}

pub(super) fn regions(r: &Reader) -> Vec<Choice> {
    [
        ("152500", "锡林郭勒盟", "Xilingol League"),
        ("152502", "锡林浩特市", "Xilinhot City"),
        ("152522", "阿巴嘎旗", "Abag Banner"),
        ("152527", "太仆寺旗", "Taibus Banner"),
        ("152531", "多伦县", "Duolun County"),
    ]
    .into_iter()
    .map(|(code, zh, en)| Choice::new(code, say(r, zh, en)))
    .collect()
}

pub(super) fn notice(r: &Reader) -> NoticeView {
    let mut line = notices(r).remove(5);
    line.deadline = Some(at("2026-03-16 09:30"));
    let part = |heading: &str, paragraphs: &[&str]| NoticePart {
        heading: heading.into(),
        paragraphs: paragraphs.iter().map(|text| (*text).to_owned()).collect(),
        facts: Vec::new(),
    };
    let mut amounts =
        part("二、招标范围与最高投标限价", &["本工程划分为一个标段，工期 120 日历天，质量要求为合格。"]);
    amounts.facts = vec![
        Fact::figure("批准总投资（元）", "24,000,000.00"),
        Fact::figure("最高投标限价（元）", "19,000,000.00"),
        Fact::figure("投标保证金（元）", "400,000.00"),
    ];
    NoticeView {
        line,
        publisher: "锡林郭勒盟公共资源交易中心".into(),
        project: Some(Link { href: "/projects/p1".into(), text: PARK.into() }),
        parts: vec![
            part(
                "一、招标条件",
                &[
                    "太仆寺旗滨河公园建设工程已由主管部门批准建设，资金来源为财政资金，招标人已具备招标条件，现对该工程的施工进行公开招标。",
                ],
            ),
            amounts,
            part(
                "三、投标文件的递交",
                &[
                    "投标文件以密封信封的形式通过网络递交，截止时间为 2026 年 3 月 16 日 9 时 30 分。截止时间前，任何单位和个人不得解密。",
                    "逾期送达的投标文件，不予受理，并出具回执。",
                ],
            ),
            part("四、异议", &["潜在投标人对招标文件有异议的，应当在投标截止时间 10 日前提出。"]),
        ],
        files: vec![Link { href: "/files/1".into(), text: "招标文件.pdf（2.1 MB）".into() }],
        corrects: None,
        corrected_by: vec![Link {
            href: "/notices/n2".into(),
            text: "太仆寺旗滨河公园建设工程施工澄清公告（一）".into(),
        }],
        digest: "5f1d7a84db0ad8dea2a7cc1b4ef7b1c2ad1b8a3c6a4b0cd28c0d6c5c6bb1f0e3".into(),
    }
}

pub(super) fn venue(r: &Reader) -> VenueView {
    let row = |rule: &str, zh: &str, en: &str, sides: (&str, &str), verdict, source: &str| Comparison {
        rule: rule.into(),
        what: say(r, zh, en),
        left: sides.0.into(),
        sign: if sides.0.is_empty() { String::new() } else { "≥".into() },
        right: sides.1.into(),
        verdict,
        source: source.into(),
    };
    let article = say(r, "进场交易规定（2015）", "Entry rules (2015)");
    VenueView {
        scope: VenueScope::League,
        centre: say(r, "锡林郭勒盟公共资源交易中心", "Xilingol League trading centre"),
        rule: "RT-1".into(),
        comparisons: vec![
            row(
                "RT-1",
                "旗县级工程：批准总投资（元）",
                "County works: approved investment (yuan)",
                ("24,000,000.00", "20,000,000.00"),
                Verdict::Holds,
                &article,
            ),
            row(
                "RT-2",
                "旗县级工程：建筑面积（平方米）",
                "County works: floor area (m²)",
                ("—", "10,000.00"),
                Verdict::NotAsked,
                &article,
            ),
            row(
                "RT-6",
                "本地有交易平台",
                "The region has a platform",
                ("", &say(r, "自 2015-01-01", "since 2015-01-01")),
                Verdict::Holds,
                &say(r, "设置", "setting"),
            ),
        ],
        reasons: vec![
            say(
                r,
                "批准总投资 24,000,000.00 元，达到 20,000,000.00 元（含本数），须进入盟中心。",
                "The approved investment of 24,000,000.00 yuan reaches 20,000,000.00 yuan (inclusive): the league centre is mandatory.",
            ),
            say(
                r,
                "公园不是房屋建筑，没有建筑面积，RT-2 未评估。",
                "A park is no building and has no floor area: RT-2 was not evaluated.",
            ),
        ],
        table_version: "2015-01/1".into(),
        decided: Some(at("2026-02-09 10:12")),
    }
}

pub(super) fn timeline() -> Timeline {
    timeline_in(&reader(Language::Zh, "/"))
}

pub(super) fn timeline_in(r: &Reader) -> Timeline {
    let row = |zh: &str, en: &str, from: &str, until: Option<DateTime<Utc>>, state| TimelineRow {
        label: say(r, zh, en),
        from: at(from),
        until,
        state,
        bound: None,
        is_deadline: false,
    };
    let bound = |instant, sense, ground: &str| Some(Bound { at: instant, sense, ground: ground.into() });
    let done = Progress::Done;
    let mut rows = vec![
        row("进场登记", "Registration", "2026-02-09 09:00", None, done),
        row("公告与文件", "Notice and documents", "2026-02-24 09:00", Some(at("2026-03-16 09:30")), done),
        row("投标截止", "Bid deadline", "2026-03-16 09:30", None, done),
        row("开标与解密", "Opening and decryption", "2026-03-16 09:30", Some(at("2026-03-16 10:10")), done),
        row("评标", "Evaluation", "2026-03-16 14:00", Some(at("2026-03-17 17:00")), done),
        row("评标报告", "Report", "2026-03-17 17:00", None, done),
        row(
            "候选人公示",
            "Publicity of candidates",
            "2026-03-18 09:00",
            Some(end_of_day(day("2026-03-23"))),
            Progress::Now,
        ),
        row("定标与通知", "Award and notices", "2026-03-24 09:00", None, Progress::Coming),
        row("合同签订", "Contract", "2026-04-10 10:00", None, Progress::Coming),
    ];
    rows[2].is_deadline = true;
    rows[2].bound = bound(at("2026-03-16 00:00"), BoundSense::NotBefore, "ENG-4 · 招标投标法 24");
    rows[6].bound = bound(end_of_day(day("2026-03-23")), BoundSense::NotBefore, "ENG-25 · 实施条例 54");
    rows[8].bound = bound(end_of_day(day("2026-04-23")), BoundSense::NotAfter, "ENG-30 · 招标投标法 46");
    Timeline { now: at("2026-03-20 11:00"), rows }
}

struct Bid {
    name: String,
    uscc: String,
    received: DateTime<Utc>,
    decrypted: Option<DateTime<Utc>>,
    price: Option<Decimal>,
    security: String,
}

/// The rows of the demo's opening file.
fn bids() -> Vec<Bid> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/demo/opening-1528.csv");
    let text = std::fs::read_to_string(path).unwrap();
    text.lines()
        .skip(1)
        .map(|line| {
            // Only the deposit may hold commas, between quotes; the price is the last cell.
            let (rest, wan) = line.rsplit_once(',').unwrap();
            let cells: Vec<&str> = rest.splitn(7, ',').collect();
            Bid {
                name: cells[2].into(),
                uscc: cells[1].into(),
                received: at(cells[3]),
                decrypted: (!cells[5].is_empty()).then(|| at(cells[5])),
                price: (!wan.is_empty())
                    .then(|| wan.parse::<Decimal>().unwrap() * Decimal::from(10_000))
                    .map(|mut price| {
                        price.rescale(2);
                        price
                    }),
                security: cells[6].trim_matches('"').into(),
            }
        })
        .collect()
}

fn opening(bids: &[Bid], r: &Reader) -> OpeningView {
    let pages = Pages::of(bids.len(), 6, 50);
    let row = |(at, bid): (usize, &Bid)| OpeningRow {
        number: pages.skipped() + at + 1,
        bidder: bid.name.clone(),
        uscc: bid.uscc.clone(),
        received: bid.received,
        decrypted: bid.decrypted,
        security: Some(match bid.security.as_str() {
            "电子保函" => say(r, "电子保函", "Electronic guarantee"),
            "未提交解密" => "—".into(),
            amount => amount.into(),
        }),
        price: bid.price,
        outcome: match bid.price {
            None => BidOutcome::Revoked,
            Some(price) if price > Decimal::from(19_000_000) => BidOutcome::Rejected,
            Some(_) => BidOutcome::Opened,
        },
    };
    let mut rows: Vec<OpeningRow> = bids.iter().skip(pages.skipped()).take(47).enumerate().map(row).collect();
    // One of each kind, so that every mark can be looked at.
    let odd = |bid: &&Bid| bid.price.is_none_or(|price| price > Decimal::from(19_000_000));
    rows.extend(bids.iter().filter(odd).take(4).enumerate().map(row));
    OpeningView {
        received: 1528,
        opened: 1525,
        withdrawn: Some(0),
        revoked: 3,
        rows,
        pages,
        find: String::new(),
    }
}

#[expect(clippy::too_many_lines, reason = "one sample laid out as its page shows it")]
fn evaluation(bids: &[Bid], r: &Reader) -> EvaluationView {
    let ceiling = Decimal::from(19_000_000);
    let mut effective: Vec<(&Bid, Decimal)> = bids
        .iter()
        .filter_map(|bid| Some((bid, bid.price?)))
        .filter(|(_, price)| *price <= ceiling)
        .collect();
    effective.sort_by_key(|(_, price)| *price);
    let (low, high) = (effective[0].1, effective[effective.len() - 1].1);
    let sum: Decimal = effective.iter().map(|(_, price)| *price).sum::<Decimal>() - low - high;
    let count = effective.len() - 2;
    let benchmark = sum / Decimal::from(count);
    let mut scored: Vec<(Decimal, Decimal, &Bid, Decimal)> = effective
        .iter()
        .map(|(bid, price)| {
            let deviation = (*price - benchmark) / benchmark * Decimal::ONE_HUNDRED;
            let factor = if deviation.is_sign_positive() { Decimal::ONE } else { Decimal::new(5, 1) };
            ((Decimal::ONE_HUNDRED - deviation.abs() * factor).round_dp(4), deviation, *bid, *price)
        })
        .collect();
    scored.sort_by(|a, b| b.0.cmp(&a.0).then(a.3.cmp(&b.3)));
    let rows = scored
        .iter()
        .take(50)
        .enumerate()
        .map(|(at, (score, deviation, bid, price))| {
            let factor = if deviation.is_sign_positive() { "1" } else { "0.5" };
            let sign = if deviation.is_sign_positive() { "+" } else { "" };
            let size = format!("{:.6}", deviation.abs());
            DeviationRow {
                rank: at + 1,
                bidder: bid.name.clone(),
                price: *price,
                deviation: format!("{sign}{} %", grouped(&format!("{deviation:.6}"))),
                working: format!("100 − {size} × {factor}"),
                score: format!("{score:.4}"),
                tie: (at == 2)
                    .then(|| say(r, "报价相同，抽签在先", "equal price, first by the recorded draw")),
            }
        })
        .collect();
    EvaluationView {
        method: say(
            r,
            "综合评估法：技术部分通过制，价格 100 分，评标基准价为去掉一个最高价和一个最低价后的平均值。",
            "Comprehensive evaluation: technical part pass or fail, price 100 points, the benchmark is the mean without one highest and one lowest price.",
        ),
        parameters: vec![
            Fact::figure(say(r, "满分 F", "Full marks F"), "100"),
            Fact::figure(say(r, "高于基准价每 1 % 扣", "Off per 1 % above, k₊"), "1"),
            Fact::figure(say(r, "低于基准价每 1 % 扣", "Off per 1 % below, k₋"), "0.5"),
            Fact::figure(say(r, "小数位", "Decimals"), "4"),
        ],
        formulas: vec![
            "δ = (P − B) ÷ B × 100 %".into(),
            say(r, "δ > 0：得分 = F − δ × k₊", "δ > 0: score = F − δ × k₊"),
            say(r, "δ < 0：得分 = F − |δ| × k₋", "δ < 0: score = F − |δ| × k₋"),
        ],
        set_aside: vec![SetAside {
            bidder: "投标人0116".into(),
            price: bids.iter().find(|bid| bid.name == "投标人0116").and_then(|bid| bid.price),
            ground: say(r, "高于最高投标限价 19,000,000.00 元", "Above the ceiling of 19,000,000.00 yuan"),
            rule: "ENG-22 · 实施条例 51".into(),
        }],
        ranking: Ranking::Deviation {
            benchmark: Benchmark {
                sum,
                count,
                value: benchmark.trunc_with_scale(7),
                goes_on: true,
                highest: effective.last().map(|(bid, price)| (bid.name.clone(), *price)),
                lowest: effective.first().map(|(bid, price)| (bid.name.clone(), *price)),
            },
            rows,
        },
        factors: None,
        draws: vec![drawn()],
        pages: Pages::of(scored.len(), 1, 50),
        find: String::new(),
        spread: Some(PriceSpread {
            prices: effective.iter().map(|(_, price)| *price).collect(),
            benchmark,
            first: scored[0].3,
        }),
    }
}

fn drawn() -> Drawn {
    let lot = |place, bidder: &str| DrawnLot {
        place,
        bidder: bidder.into(),
        bid: "3c252d39-b6cd-40e1-9829-993012345678".into(),
        number: "0f".repeat(32),
    };
    Drawn {
        rank: 3,
        seed: "5a".repeat(32),
        report: "c3".repeat(32),
        made: "2026-03-16 16:00:00".into(),
        command: "printf %s 3c252d39 | openssl dgst -sha256 -mac HMAC -macopt hexkey:5a5a".into(),
        lots: vec![lot(3, "投标人0399"), lot(4, "投标人1052")],
    }
}

fn factor_table(r: &Reader) -> FactorTable {
    let head = |zh: &str, en: &str, weight: &str, judged| FactorHead {
        name: say(r, zh, en),
        weight: weight.into(),
        judged,
    };
    let row = |rank, bidder: &str, scores: [&str; 3], total: &str| FactorRow {
        rank,
        bidder: bidder.into(),
        scores: scores.map(ToOwned::to_owned).to_vec(),
        total: total.into(),
    };
    FactorTable {
        heads: vec![
            head("报价", "price", "30", r.w.judged_computed),
            head("技术参数响应", "technical compliance", "60", r.w.judged_subjective),
            head("商务响应", "commercial response", "10", r.w.judged_objective),
        ],
        rows: vec![
            row(1, "供应商甲", ["28.50", "52.40", "10.00"], "90.90"),
            row(2, "供应商丙", ["28.79", "50.60", "9.50"], "88.89"),
            row(3, "供应商乙", ["30.00", "48.10", "9.00"], "87.10"),
        ],
    }
}

fn rooms(r: &Reader) -> Vec<RoomRow> {
    vec![
        RoomRow {
            room: say(r, "开标1室", "Opening room 1"),
            purpose: say(r, "开标", "Opening"),
            from: at("2026-03-16 09:30"),
            until: at("2026-03-16 12:00"),
            state: Progress::Done,
        },
        RoomRow {
            room: say(r, "评标3室", "Evaluation room 3"),
            purpose: say(r, "评标", "Evaluation"),
            from: at("2026-03-16 14:00"),
            until: at("2026-03-17 18:00"),
            state: Progress::Done,
        },
    ]
}

/// The park with everything public.
pub(super) fn project(r: &Reader) -> ProjectView {
    let bids = bids();
    let winner = Decimal::new(1_837_673_900, 2);
    ProjectView {
        stage: say(r, "候选人公示中", "Candidates under publicity"),
        progress: Progress::Now,
        rooms: rooms(r),
        timeline: Some(timeline_in(r)),
        countdown: Some(Countdown {
            deadline: at("2026-03-16 09:30"),
            now: at("2026-03-20 11:00"),
            runs: true,
            waits: false,
        }),
        bid: None,
        policy_note: None,
        opening: Some(opening(&bids, r)),
        evaluation: Some(evaluation(&bids, r)),
        candidates: Some(CandidatesView {
            rows: [
                ("投标人0887", 1_837_673_900, "99.9996"),
                ("投标人1176", 1_837_684_600, "99.9990"),
                ("投标人0399", 1_837_603_000, "99.9983"),
            ]
            .into_iter()
            .enumerate()
            .map(|(at, (name, fen, score))| CandidateRow {
                rank: at + 1,
                bidder: name.into(),
                price: Decimal::new(fen, 2),
                score: score.into(),
            })
            .collect(),
            published: at("2026-03-18 09:00"),
            ends: end_of_day(day("2026-03-23")),
            objections: say(
                r,
                "公示期间可向招标人提出，3 日内答复。",
                "To the purchaser during publicity; answered within 3 days.",
            ),
        }),
        award: Some(AwardView {
            winner: "投标人0887".into(),
            price: winner,
            decided: at("2026-03-24 09:00"),
            told: Some(at("2026-03-24 10:00")),
            facts: Vec::new(),
        }),
        contract: Some(ContractView {
            signed: day("2026-04-10"),
            price: winner,
            latest: Some(day("2026-04-23")),
            published: Some(at("2026-04-10 15:00")),
            notice: Some("/notices/n9".into()),
            facts: vec![Fact::text(say(r, "退还保证金", "Deposits returned"), r.day(&day("2026-04-14")))],
        }),
        ..early_project(r)
    }
}

/// The park before its deadline: no trace of bids.
pub(super) fn early_project(r: &Reader) -> ProjectView {
    let mut line = timeline_in(r);
    line.now = at("2026-02-26 08:15");
    for row in &mut line.rows {
        let over = row.until.unwrap_or(row.from) <= line.now;
        row.state = if over {
            Progress::Done
        } else if row.from <= line.now {
            Progress::Now
        } else {
            Progress::Coming
        };
    }
    ProjectView {
        id: "p1".into(),
        title: PARK.into(),
        stage: say(r, "正在招标", "Open for bids"),
        progress: Progress::Now,
        facts: vec![
            Fact::text(say(r, "项目编号", "Number"), "152527-2026-0007"),
            Fact::text(
                say(r, "招标人", "Purchaser"),
                say(r, "太仆寺旗住房和城乡建设局", "Taibus Banner construction bureau"),
            ),
            Fact::text(
                say(r, "代理机构", "Agency"),
                say(r, "示例招标代理有限公司", "Sample Tender Agency Ltd"),
            ),
            Fact::text(say(r, "类别", "Category"), say(r, "工程建设 · 市政", "Works · municipal")),
            Fact::figure(say(r, "批准总投资（元）", "Approved investment (yuan)"), "24,000,000.00"),
            Fact::figure(say(r, "最高投标限价（元）", "Ceiling (yuan)"), "19,000,000.00"),
        ],
        lots: Vec::new(),
        venue: Some(venue(r)),
        countdown: Some(Countdown {
            deadline: at("2026-03-16 09:30"),
            now: line.now,
            runs: true,
            waits: false,
        }),
        bid: Some("/tenders/t1/bid".into()),
        policy_note: None,
        timeline: Some(line),
        rooms: Vec::new(),
        opening: None,
        evaluation: None,
        candidates: None,
        award: None,
        contract: None,
        notices: notices(r).into_iter().filter(|line| line.title.starts_with(PARK)).collect(),
    }
}

/// A purchase by ratio and other factors, after its award.
pub(super) fn purchase(r: &Reader) -> ProjectView {
    let row = |rank, bidder: &str, yuan: i64, adjusted: i64, price_score: &str, other: &str, total: &str| {
        RatioRow {
            rank,
            bidder: bidder.into(),
            price: Decimal::new(yuan * 100, 2),
            adjusted: Decimal::new(adjusted * 100, 2),
            working: format!("950,000.00 ÷ {}.00 × 30", grouped(&adjusted.to_string())),
            price_score: price_score.into(),
            other: other.into(),
            total: total.into(),
        }
    };
    ProjectView {
        title: "太仆寺旗中小学教学设备采购".into(),
        countdown: None,
        bid: None,
        evaluation: Some(EvaluationView {
            method: say(
                r,
                "综合评分法：价格 30 分，其余 70 分。",
                "Comprehensive scoring: price 30 points, other factors 70.",
            ),
            parameters: vec![Fact::figure(say(r, "价格权重", "Price weight"), "30")],
            formulas: vec![say(r, "价格分 = B ÷ 评审价 × 30", "price score = B ÷ adjusted price × 30")],
            set_aside: Vec::new(),
            ranking: Ranking::Ratio {
                benchmark: Decimal::new(95_000_000, 2),
                rows: vec![
                    row(1, "供应商甲", 1_000_000, 1_000_000, "28.50", "62.40", "90.90"),
                    row(2, "供应商丙", 1_100_000, 990_000, "28.79", "60.10", "88.89"),
                    row(3, "供应商乙", 950_000, 950_000, "30.00", "57.10", "87.10"),
                ],
            },
            factors: Some(factor_table(r)),
            draws: Vec::new(),
            pages: Pages::of(3, 1, 50),
            find: String::new(),
            spread: None,
        }),
        lots: vec![
            Link { href: "/projects/p2?lot=1".into(), text: say(r, "第 1 包", "Lot 1") },
            Link { href: "/projects/p2?lot=2".into(), text: say(r, "第 2 包", "Lot 2") },
        ],
        ..early_project(r)
    }
}

/// Three working days from 30 April 2026 (DT-13): 8 May.
pub(super) fn deadline(r: &Reader) -> DeadlineView {
    let first = day("2026-04-30");
    let days = (0..=8)
        .map(|plus| {
            let date = first + Days::new(plus);
            let (role, note) = match plus {
                0 => (DayRole::Start, None),
                1..=5 => (DayRole::Skipped, Some(say(r, "劳动节", "Labour Day"))),
                8 => (DayRole::End(Some(3)), None),
                n => (DayRole::Counted(u32::try_from(n).unwrap() - 5), None),
            };
            CountedDay { date, role, note }
        })
        .collect();
    DeadlineView {
        forward: true,
        ends_on: day("2026-05-08"),
        ends_at: Some(end_of_day(day("2026-05-08"))),
        days,
        reasons: vec![say(
            r,
            "起算日当天不计（CNT-2）；只计工作日（CNT-4）；末日 24:00 届满（CNT-7）。",
            "The first day is not counted (CNT-2); only working days count (CNT-4); the last day ends at 24:00 (CNT-7).",
        )],
    }
}

/// The page that seals bids, for a bidder whose first revision stands.
pub(super) fn bid(r: &Reader, standing: Standing) -> BidView {
    BidView {
        tender: "t1".into(),
        code: "E1525270001000123001".into(),
        title: PARK.into(),
        project: "/projects/p1".into(),
        notice: Some("/notices/n1".into()),
        bidder: "b1".into(),
        organisation: say(r, "样例建设有限公司", "Sample Builders"),
        countdown: Countdown {
            deadline: at("2026-03-16 09:30"),
            now: at("2026-03-10 10:00"),
            runs: true,
            waits: false,
        },
        part: Part::Whole,
        parts: Vec::new(),
        missing: String::new(),
        is_first: true,
        standing,
        policy: "5f1d7a84db0ad8dea2a7cc1b4ef7b1c2ad1b8a3c6a4b0cd28c0d6c5c6bb1f0e3".into(),
        policy_no: 1,
        policy_note: None,
        clauses: vec![r.w.bid_alone.into()],
        shared: false,
        limit: 1024 * 1024,
        limit_mebibytes: 1,
        term_days: 240,
        small: true,
        own: Some(OwnBid {
            earlier: None,
            id: "bid1".into(),
            revision: 1,
            state: r.w.bid_state_accepted,
            stands: true,
            at: at("2026-03-10 09:00"),
            digest: "0989197205240ee050e6dbad42c5804636bad4aa72e0c8b4b1e7b8392fe193e8".into(),
        }),
        scripts: bid::scripts(),
        server: "HALL".into(),
        version: "1",
    }
}

/// The page of a part of a divided bid, of which the first part is in.
pub(super) fn part_of_bid(r: &Reader, part: Part, standing: Standing) -> BidView {
    let line = |one: Part, name: &'static str, stands: bool| PartLine {
        part: one,
        name,
        href: format!("/tenders/t1/bid?part={one}"),
        current: one == part,
        stands,
        state: if stands { r.w.bid_state_accepted } else { r.w.bid_part_none },
    };
    BidView {
        part,
        parts: vec![
            line(Part::Qualification, r.w.bid_part_qualification, true),
            line(Part::Technical, r.w.bid_part_technical, false),
            line(Part::Price, r.w.bid_part_price, false),
        ],
        missing: r.listed(&[r.w.bid_part_technical, r.w.bid_part_price]),
        is_first: part == Part::Qualification,
        small: false,
        own: None,
        ..bid(r, standing)
    }
}
