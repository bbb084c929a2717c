//! Every word of the pages, once in Chinese and once in English.
//!
//! A key without its second language does not compile; a template that names a missing key does not either.

use crate::kernel::say::Language;

/// Makes [`Words`] and its two editions from one table.
macro_rules! words {
    ($($key:ident: $zh:literal, $en:literal;)*) => {
        /// One edition of the words, a field a key.
        #[derive(Debug)]
        pub struct Words {
            $(#[doc = $en] pub $key: &'static str,)*
        }

        static ZH: Words = Words { $($key: $zh,)* };
        static EN: Words = Words { $($key: $en,)* };

        /// The whole table: key, Chinese, English. For proofreading and for the tests.
        pub fn table() -> Vec<(&'static str, &'static str, &'static str)> {
            vec![$((stringify!($key), $zh, $en),)*]
        }
    };
}

impl Words {
    /// The edition in the reader's language.
    pub fn of(language: Language) -> &'static Self {
        match language {
            Language::Zh => &ZH,
            Language::En => &EN,
        }
    }
}

words! {
    // The frame of every page.
    lang: "zh-CN", "en";
    skip: "跳到正文", "Skip to content";
    main_nav: "主导航", "Main";
    nav_home: "大厅", "Hall";
    nav_notices: "公告公示", "Notices";
    nav_calculators: "计算器", "Calculators";
    nav_law: "法规", "Law";
    nav_api: "接口文档", "API";
    nav_sign_in: "工作台", "My desk";
    other_language: "English", "中文";
    sandbox: "沙箱：演示数据，时间可调，不具法律效力。", "Sandbox: demonstration data on an adjustable clock, without legal effect.";
    footer_times: "时间均为北京时间（UTC+8）。金额为人民币元。", "All times are Beijing time (UTC+8). Amounts are in yuan.";
    footer_record: "中文为准，英文仅供参考。", "The Chinese text is the text of record.";
    footer_open: "公开信息可免费查阅，无需登录。", "Public information is free to read without an account.";
    // Home.
    home_title: "公共资源，公开交易", "Public business, in the open";
    home_lead: "工程建设、政府采购、土地矿业权和产权交易在同一个大厅进场、公告、开标、评审和定标。每一步的依据、时限和计算过程，人人可查。",
        "Works, government purchases, land and mining rights and property enter one hall. The ground, the deadline and the arithmetic of every step are open to anyone.";
    find: "查找公告", "Find a notice";
    find_hint: "项目名称、编号或采购人", "Project, number or purchaser";
    find_button: "查找", "Find";
    board_title: "今日开标", "Openings today";
    board_caption: "今日开标场次", "Today's openings";
    board_time: "时间", "Time";
    board_project: "项目", "Project";
    board_room: "开标室", "Room";
    board_state: "状态", "State";
    board_none: "今日没有开标。", "No openings today.";
    board_ahead: "即将开标", "Openings to come";
    board_past: "最近开标", "Latest openings";
    latest: "最新公告", "Latest notices";
    all_notices: "全部公告", "All notices";
    tools: "先算一算", "Work it out first";
    tool_venue: "该进哪个中心？", "Which centre?";
    tool_venue_text: "按地区、投资额、面积或预算，给出进场中心和依据。", "From region, investment, floor area or budget: the centre, and why.";
    tool_deadline: "期限到哪天？", "Which day?";
    tool_deadline_text: "按工作日或自然日逐日计算，节假日和调休在内。", "Counted day by day in working or calendar days, holidays included.";
    how: "一个项目怎样走完", "How a project runs";
    how_enter: "进场登记", "Registration";
    how_enter_text: "审批文件和金额齐备，系统按规则分流到盟或旗县中心。", "With approvals and amounts on file, the rules send it to the league or banner centre.";
    how_publish: "公告与文件", "Notice and documents";
    how_publish_text: "开标室确认后才能发布，期限不足法定天数不予发布。", "Published only with a confirmed room and the full lawful period.";
    how_open: "密封投标与开标", "Sealed bids and opening";
    how_open_text: "截止前任何人都看不到谁投了标、投了几家。", "Before the deadline nobody sees who bids, or how many.";
    how_award: "评审、公示与定标", "Evaluation and award";
    how_award_text: "得分逐项公开计算，候选人公示后定标。", "Scores are worked out in the open; award follows publicity.";
    record_title: "操作日志", "The record";
    record_text: "厅内每一项操作都写入只增不改的日志，由监督部门的机器独立见证。", "Every act of the hall goes into a log that only grows. A machine of the supervisors confirms it independently.";
    record_green: "已见证", "Confirmed";
    record_red: "见证逾期", "Not confirmed lately";
    record_unwitnessed: "尚无见证方，日志若被改写无从由外部发现", "No witness yet: outside the hall a rewritten log would not be noticed";
    record_minutes: "分钟前", "minutes ago";
    // Notices.
    notices_title: "公告公示", "Notices";
    notices_caption: "公告列表，按发布时间从新到旧", "Notices, newest first";
    filter: "筛选", "Filter";
    filter_kind: "公告类型", "Kind";
    filter_category: "交易类别", "Category";
    filter_region: "地区", "Region";
    filter_from: "发布日期从", "Published from";
    filter_until: "到", "until";
    filter_any: "全部", "Any";
    filter_apply: "筛选", "Apply";
    filter_clear: "清除条件", "Clear";
    notices_none: "没有符合条件的公告。换一个关键词，或清除条件再试。", "No notice matches. Try another word or clear the filters.";
    older: "更早的公告", "Older notices";
    newest: "回到最新", "Back to the newest";
    published: "发布时间", "Published";
    published_by: "发布单位", "Published by";
    project: "所属项目", "Project";
    attachments: "附件", "Files";
    notice_integrity: "内容指纹（SHA-256）", "Content fingerprint (SHA-256)";
    notice_integrity_text: "公告一经发布不再更改；更正以新公告发布。", "A notice never changes once out; corrections are new notices.";
    corrects: "更正的公告", "Corrects";
    corrected_by: "后续更正", "Corrected by";
    // Project.
    facts: "基本情况", "Facts";
    lots: "标段", "Lots";
    on_this_page: "本页内容", "On this page";
    venue: "进场决定", "Venue decision";
    venue_in: "进入", "Trades at";
    venue_rule: "依据规则", "Rule applied";
    venue_table: "规则表版本", "Rule table";
    venue_caption: "逐条比较", "The comparisons";
    venue_col_rule: "规则", "Rule";
    venue_col_what: "比较什么", "What is compared";
    venue_col_sum: "算式", "Arithmetic";
    venue_col_result: "结果", "Result";
    venue_source: "出处", "Source";
    venue_why: "理由", "Reasons";
    venue_decided: "决定时间", "Decided";
    scope_league: "盟中心", "League centre";
    scope_own: "本地中心", "Own centre";
    scope_nearby: "就近中心", "Nearby centre";
    scope_not_required: "可不进场", "Entry not required";
    holds: "成立", "holds";
    fails: "不成立", "does not hold";
    not_asked: "未评估", "not evaluated";
    timeline: "时间轴", "Timeline";
    timeline_text: "以文字查看时间轴", "Read the timeline as text";
    timeline_caption: "时间轴：各步骤的起止、状态和法定界限", "Timeline: each step with its time, state and lawful limit";
    step: "步骤", "Step";
    begins: "时间", "Time";
    state: "状态", "State";
    limit: "法定界限", "Lawful limit";
    now: "现在", "now";
    // The law and its calendar.
    law_title: "适用的法规", "The law in force";
    law_lead: "本中心据以办理的每一条规定：条文、期限、出处和施行日期。项目依其首次公告之日施行的规定办理。", "Every rule the hall works by: what it says, its number, its source and its dates. A project is judged by the rules in force on the day of its first notice.";
    law_to_calendar: "工作日历", "Working-day calendar";
    law_to_calculator: "推算期限", "Count a period";
    law_on: "施行日", "In force on";
    law_find: "条文、编号或文件", "Words, rule or instrument";
    law_none: "没有符合条件的规定。", "No rule has these words.";
    law_procedures: "可以采用的程序", "Procedures that may begin";
    law_settings: "本中心的设置", "The centre's own settings";
    law_settings_note: "以下由本中心自行确定，不是法律规定。", "These are the centre's own choices. No law fixes them.";
    instruments: "法律文件", "Instruments";
    rules_shown: "条规定", "rules";
    rule: "规定", "Rule";
    says: "内容与出处", "What it says, and where";
    since_until: "期限与施行", "Days and dates";
    since: "自", "since";
    no_end: "现行有效", "in force";
    mark_secondary: "据二手资料，条文未核对原文", "From a secondary source; the text itself was not read.";
    mark_known: "未核对原文", "The text itself was not at hand.";
    project_law: "本项目适用的法规", "The law of this project";
    to_project_law: "本项目适用的法规：条文、期限与施行日期", "The law of this project: every rule with its text and dates";
    back_to_project: "返回项目", "Back to the project";
    why_this_law: "为何适用", "Why this law";
    why_this_law_note: "项目依其首次公告之日施行的规定办理；其后修改的规定不适用，日历的调整除外。", "A project is judged by the rules in force on the day of its first notice. Later changes do not meet it, save those of the calendar.";
    judged_on: "判断日", "Judged by the law of";
    judged_by_notice: "首次公告之日", "day of the first notice";
    judged_today: "尚未公告，按今日", "no notice yet, so today's";
    edition: "法规版本", "Edition";
    numbers_of_procedure: "家数、比例与限额", "Numbers, shares and caps";
    no_calendar: "年日历尚未公布", "has no calendar yet";
    calendar_title: "年工作日历", "working-day calendar";
    calendar_lead: "期限按国务院办公厅公布的放假安排计算；调休上班的周末也是工作日。", "Periods are counted by the State Council's arrangement of holidays; weekends worked in exchange are working days.";
    calendar_years: "年份", "Years";
    working_days: "个工作日", "working days";
    days_off: "放假", "Days off";
    days_made_up: "调休上班", "Weekends that are worked";
    day_holiday: "放假", "day off";
    day_weekend: "周末", "weekend";
    sign_off: "休", "off";
    sign_work: "班", "on";
    arranged_by: "依据", "By";
    version: "版本", "Version";
    // Trying an evaluation rule.
    trial_title: "评标办法试算", "Try an evaluation rule";
    trial_lead: "在发布招标文件之前，用假设的报价试算评标办法，看得分、排序和每一步计算。不留存任何内容。", "Try a rule on made-up offers before it is published: scores, order and every step of the arithmetic. Nothing is kept.";
    trial_method: "评标办法", "Method";
    trial_choose: "选用", "Choose";
    trial_law: "法律依据", "Rules of law";
    trial_parameters: "参数", "Parameters";
    trial_unit: "金额单位", "Amounts in";
    trial_policy: "项目与政策", "Project and policy";
    trial_offers: "假设的报价", "Made-up offers";
    trial_try: "试算", "Try it";
    trial_more: "更多行", "More rows";
    trial_note: "没有报价的行不计。联合体、分包和报价修正可通过接口试算。", "Rows without a price are left out. Joint bids, subcontracts and corrections can be tried by the API.";
    trial_default: "默认", "default ";
    trial_offer: "报价人", "Offer";
    trial_price: "报价", "Price";
    trial_ceiling: "最高限价", "Highest price";
    trial_other_score: "其他得分", "Other score";
    trial_technical_score: "技术得分", "Technical score";
    trial_quality_score: "质量得分", "Quality score";
    trial_agreement_price: "协议价", "Agreement price";
    trial_deviations: "量化偏差", "Deviations";
    trial_brand: "品牌", "Brand";
    trial_size: "企业规模", "Size";
    trial_domestic_share: "本国产品成本占比%", "Domestic share %";
    trial_below_cost: "低于成本", "Below cost";
    trial_no_project: "不依项目", "none";
    trial_works: "工程", "works";
    trial_goods: "货物", "goods";
    trial_services: "服务", "services";
    trial_object: "采购对象", "Object";
    trial_object_hint: "填写后按当日法律检验分值和扣除比例", "With it the law of the day bounds weights and preferences";
    trial_on: "首次公告日", "First notice on";
    trial_on_hint: "例如 2026-03-02，不填为今日", "such as 2026-03-02; today if empty";
    trial_small: "小微企业扣除或加分%", "Small enterprises, %";
    trial_small_hint: "在法定幅度内取一个数", "one number within the lawful band";
    trial_domestic: "本国产品与非本国产品竞争", "Domestic and other products compete";
    trial_undeclared: "未声明", "not declared";
    trial_micro: "微型", "micro";
    trial_small_size: "小型", "small";
    trial_medium: "中型", "medium";
    trial_large: "大型", "large";
    trial_mean: "算术平均", "mean";
    trial_trimmed: "去极值平均", "trimmed mean";
    trial_floating: "平均值下浮", "floating mean";
    trial_composite: "复合平均", "composite";
    trial_midpoint: "均值与限价的中点", "midpoint of mean and ceiling";
    trial_three_part: "三部分加权", "three parts";
    trial_sample: "随机抽取平均", "random sample";
    trial_price_first: "价格优先", "price first";
    trial_quality_first: "质量优先", "quality first";
    trial_usual: "按默认", "as usual";
    trial_by_draw: "抽签", "by draw";
    trial_by_technical: "技术得分高者", "by technical score";
    trial_quote: "原报价", "original quote";
    trial_adjusted: "扣除后的价格", "adjusted price";
    trial_benchmark: "评标基准价", "Benchmark";
    trial_result: "试算结果", "Result";
    trial_rank: "名次", "Rank";
    trial_compared: "比较价（元）", "Compared price (yuan)";
    trial_price_score: "价格分", "Price score";
    trial_total: "总分", "Total";
    trial_working: "计算", "Working";
    trial_line_by_line: "计算过程", "Line by line";
    trial_tied: "并列，待抽签", "tied, awaits a draw";
    trial_entered: "入围", "enters";
    trial_eliminated: "淘汰", "eliminated";
    outcome_ranked: "排序已定", "The order is settled";
    outcome_draw: "前三名有并列，须公开抽签", "A tie within the first three awaits a public draw";
    outcome_few: "有效报价家数不足法定下限；工程招标是否有竞争性由评标委员会判断", "Fewer effective offers than the law wants; in works whether they compete is the committee's question";
    outcome_none: "没有有效报价", "No effective offer";
    not_before: "不早于", "not before";
    not_after: "不晚于", "not after";
    done: "已完成", "done";
    under_way: "进行中", "under way";
    coming: "未到", "to come";
    stopped: "已中止", "stopped";
    deadline: "投标截止", "Bid deadline";
    deadline_left: "距投标截止", "Until the bid deadline";
    deadline_passed: "投标已截止", "The bid deadline has passed";
    countdown_note: "以大厅服务器时间为准。", "The hall's own clock decides.";
    days: "天", "days";
    hours: "时", "h";
    minutes: "分", "min";
    seconds: "秒", "s";
    rooms: "场地", "Rooms";
    rooms_caption: "已预约的场地", "Rooms booked";
    room: "场地", "Room";
    purpose: "用途", "For";
    room_time: "时段", "When";
    opening: "开标记录", "Opening record";
    opening_caption: "开标记录", "Opening record";
    opening_later: "开标开始前，任何人都不能得知投标人及其数量。开标后在此公布。",
        "Until the opening begins nobody may learn who bids or how many. The record appears here afterwards.";
    received: "收到", "Received";
    opened: "已开启", "Opened";
    withdrawn: "视为撤回（非投标人原因未解密）", "Taken as withdrawn (not decrypted by others' fault)";
    revoked: "撤销（截止后）", "Revoked (after the deadline)";
    rejected: "否决", "Rejected";
    bidder: "投标人", "Bidder";
    received_at: "递交时间", "Received at";
    decrypted_at: "解密时间", "Decrypted at";
    security: "投标保证金", "Deposit";
    price: "投标报价（元）", "Price (yuan)";
    outcome: "结果", "Outcome";
    find_bidder: "查找投标人", "Find a bidder";
    find_bidder_hint: "名称或统一社会信用代码", "Name or credit code";
    no_rows: "没有匹配的行。", "No matching rows.";
    evaluation: "评审与排名", "Evaluation and ranking";
    price_picture: "报价分布", "How the prices lie";
    price_picture_text: "家报价，红线为评标基准价 B。每柱的高度是落在这一价格区间的家数。", "prices; the red line is the benchmark B. A column is as high as the number of prices that fall within it.";
    benchmark: "评标基准价", "Benchmark";
    benchmark_sum: "参与平均的报价之和", "Sum of the prices in the mean";
    benchmark_high: "去掉的最高价", "Highest, left out";
    benchmark_low: "去掉的最低价", "Lowest, left out";
    benchmark_count: "参与平均的家数", "Prices in the mean";
    divided_by: "除以", "divided by";
    formulas: "计算公式", "Formulas";
    ranking: "排名", "Ranking";
    ranking_caption: "排名与每一步计算", "Ranking with every step worked out";
    rank: "名次", "Rank";
    deviation: "偏差率 δ", "Deviation δ";
    workings: "算式", "Working";
    score: "得分", "Score";
    adjusted_price: "评审价（元）", "Adjusted price (yuan)";
    price_score: "价格分", "Price score";
    other_score: "其他评分", "Other factors";
    total: "总分", "Total";
    tie: "并列", "Tie";
    factor_scores: "各评审因素得分", "Scores by factor";
    factor_scores_text: "评委评分的因素取全体评委的平均值，四舍五入到得分小数位，再与价格分相加为总分；客观因素各评委评分须一致。",
        "A factor that members mark scores the mean of all members, rounded half up to the decimals of a score; with the price score they sum to the total. All members give an objective factor the same mark.";
    points: "分", "points";
    judged_computed: "系统计算", "computed";
    judged_objective: "客观", "objective";
    judged_subjective: "主观", "subjective";
    draw: "抽签", "Draw";
    draw_caption: "抽签结果", "Result of the draw";
    draw_text: "总分和报价均相同，由抽签定先后：每份投标的号码是 HMAC-SHA256（种子，投标编号），按十六进制号码从小到大排列。种子为系统在生成评审报告时取的 32 个随机字节，随报告一并签名，其后不能更改。",
        "Equal in total and price, so a draw decides: a bid's number is HMAC-SHA256(seed, bid id), and the lowest number in hexadecimal comes first. The seed is 32 random bytes that the system took when it made the report; members signed it with the report, and it cannot change since.";
    draw_again: "复算：下面的命令算出其中第一个号码，换上别的投标编号即得其余。", "To make it again: this command computes the first number; another bid id gives another.";
    draw_rank: "起始名次", "From rank";
    draw_seed: "种子", "Seed";
    draw_report: "评审报告摘要（SHA-256）", "Digest of the report (SHA-256)";
    draw_made: "报告生成时间", "Report made";
    draw_bid: "投标编号", "Bid id";
    draw_number: "抽得号码", "Number drawn";
    set_aside: "被否决的投标", "Bids set aside";
    ground: "理由", "Ground";
    candidates: "中标候选人公示", "Candidates and publicity";
    candidates_caption: "中标候选人", "Candidates";
    publicity: "公示期", "Publicity";
    objections: "异议", "Objections";
    award: "定标", "Award";
    winner: "中标人", "Winner";
    to_award: "看定标与依据", "How it was awarded";
    award_price: "中标价", "Award price";
    award_decided: "定标时间", "Decided";
    award_told: "通知", "Told";
    award_told_text: "中标通知书与未中标结果同时发出。", "The award notice and the results to all others went out in one act.";
    contract: "合同", "Contract";
    contract_signed: "签订日期", "Signed";
    contract_price: "合同价", "Contract price";
    contract_latest: "最迟签订", "Latest lawful day";
    contract_published: "合同公告", "Published";
    project_notices: "本项目公告", "Notices of this project";
    previous: "上一页", "Previous";
    next: "下一页", "Next";
    pages_nav: "分页", "Pages";
    // Calculators.
    calculators_title: "计算器", "Calculators";
    calculators_lead: "与项目登记用的是同一套规则和日历。结果仅供参考，以正式决定为准。", "The same rules and calendar that decide real projects. The answer here is a preview, the formal decision counts.";
    venue_calculator: "该进哪个中心？", "Which centre?";
    region: "地区", "Region";
    level: "级别", "Level";
    level_county: "旗县级", "County";
    level_league: "盟级", "League";
    category: "类别", "Category";
    engineering: "工程建设", "Engineering works";
    procurement: "政府采购", "Government procurement";
    land_mineral: "土地和矿业权", "Land and mining rights";
    property: "国有（集体）产权", "State or collective property";
    investment: "批准总投资", "Approved investment";
    investment_hint: "工程建设必填", "Required for works";
    budget: "采购预算", "Purchase budget";
    budget_hint: "政府采购必填", "Required for purchases";
    unit: "单位", "Unit";
    yuan: "元", "yuan";
    wan: "万元", "× 10,000 yuan";
    floor_area: "建筑面积（平方米）", "Floor area (m²)";
    floor_area_hint: "非房屋类工程留空", "Leave empty where there is no building";
    accepted_on: "进场受理日期", "Accepted on";
    accepted_hint: "留空即今天", "Empty means today";
    further: "更多情形：适用法律、外币、分期、自愿进场", "More: applicable law, currency, phases, voluntary entry";
    regime: "适用法律", "Bought under";
    regime_of_category: "按类别", "the law of the category";
    regime_tendering: "招标投标法", "the law of tendering";
    regime_procurement: "政府采购法（非招标方式）", "the law of procurement, not by tender";
    currency: "币种", "Currency";
    currency_yuan: "人民币", "Yuan";
    rate: "人民币汇率中间价", "Central parity";
    rate_hint: "批复文件当日公布的中间价，照原样填写", "As published on the day of the approval";
    rate_shape: "请填写公布的汇率，如 7.1528", "A parity as published, such as 7.1528";
    rate_on: "汇率日期", "Day of the parity";
    rate_source: "汇率来源", "Source of the parity";
    phases_amount: "其他各期金额合计", "Sum of the other phases";
    phases_hint: "只填没有单独批复的各期", "Phases without an approval of their own";
    phases_area: "其他各期面积合计（平方米）", "Floor area of the other phases (m²)";
    in_catalogue: "交易目录", "Catalogue";
    in_catalogue_yes: "目录内", "listed";
    in_catalogue_no: "目录外", "not listed";
    voluntary: "自愿进场", "Voluntary entry";
    voluntary_no: "不选择", "none";
    voluntary_league: "选择盟中心", "at the league's centre";
    voluntary_region: "选择本地区中心（目录外项目）", "at the region's centre (not listed)";
    voluntary_outside: "只有目录外项目可选择本地区中心", "Only a project outside the catalogue can choose the region's centre";
    voluntary_reason: "自愿进场的理由", "Reason of the choice";
    decide: "计算进场中心", "Find the centre";
    choose: "请选择", "Choose";
    you_asked: "您输入的", "You asked";
    answer: "答案", "Answer";
    deadline_calculator: "期限到哪天？", "Which day?";
    from: "起算日", "From";
    from_hint: "起算日当天不计", "The first day itself is not counted";
    length: "期限长度", "Length";
    count_unit: "按", "Counted in";
    working_day: "工作日", "working days";
    calendar_day: "自然日", "calendar days";
    direction: "方向", "Direction";
    forward: "向后", "forward";
    backward: "向前", "backward";
    act_place: "办理方式", "Done";
    act_online: "网上（至24时）", "on line (to 24:00)";
    act_counter: "窗口（至下班）", "at a counter (to closing time)";
    count_counter: "窗口办理截至营业时间结束（民法典第203条）；下班时间是本中心的规定。", "At a counter the period ends with business hours (Civil Code art. 203); the hour is the centre's own.";
    count: "逐日计算", "Count the days";
    ends_on: "期限届满", "The period ends";
    latest_day: "最迟日期", "Latest day";
    calendar_caption: "逐日日历：数字为计入的第几天", "Day by day; the small number is the day counted";
    day_start: "起算日", "start";
    day_counted: "计入", "counted";
    day_skipped: "不计", "not counted";
    day_rolled: "顺延", "rolled forward";
    day_end: "届满日", "last day";
    days_between: "中间各周逐日计入，略。", "The weeks between are counted the same way and left out here.";
    fix_these: "请先更正以下各项", "Please correct the following";
    amount_example: "例如 2000 或 20,000,000.00", "For example 2000 or 20,000,000.00";
    required: "必填。", "This is required.";
    choose_one: "请从列表中选择。", "Choose one from the list.";
    date_shape: "请用 2026-03-16 这样的日期。", "Use a date such as 2026-03-16.";
    length_shape: "请填 1 到 1000 的整数。", "Use a whole number from 1 to 1000.";
    county_needs_county: "旗县级项目请选择旗县市，不能选盟。", "A county project needs a county region, not the league.";
    measure_investment: "批准总投资（元）", "Approved investment (yuan)";
    measure_floor_area: "建筑面积（平方米）", "Floor area (m²)";
    measure_budget: "采购预算（元）", "Purchase budget (yuan)";
    rule_rt4: "盟级项目，一律进盟中心", "A league project always enters the league centre";
    rule_rt5: "盟市合一，与盟中心同一平台", "The city shares the league's centre";
    rule_rt6: "未达到标准，本地有平台", "Below the thresholds, and the region has a platform";
    rule_rt7: "本地没有平台，就近进场", "The region has no platform: a nearby centre";
    rule_rt8: "土地、矿业权和产权不适用金额标准", "Thresholds do not apply to land, mining rights and property";
    rule_rt9: "不在公共资源交易目录内", "Not in the catalogue";
    rule_rt10: "采购人自愿选择进场", "the purchaser chooses to trade here";
    rule_amb7: "疑似拆分，待公管办书面排除", "suspected of being split; to be cleared by the supervision office";
    rule_amb8: "分流后金额下降，仍在盟中心（本级设定）", "the figure sank after routing; it stays at the league (a setting)";
    rule_amb13: "矿业权进入盟中心（本级设定）", "mineral rights trade at the league (a setting)";
    routing_table: "进场规则表", "routing table";
    count_start: "起算日当天不计（CNT-2）。", "The first day itself is not counted (CNT-2).";
    count_working: "只计工作日，含调休上班日（CNT-4）。", "Only working days count, made-up weekends included (CNT-4).";
    count_roll: "末日是休息日的，顺延到其后第一个工作日（CNT-3）。", "An end on a day off moves to the next working day (CNT-3).";
    count_backward: "向前计算不顺延（CNT-5）。", "A count backward does not move (CNT-5).";
    count_end: "末日 24:00 届满（CNT-7）。", "The last day ends at 24:00 (CNT-7).";
    day_make_up: "调休上班", "worked in exchange";
    // A project as the rooms know it.
    fact_code: "项目编号", "Project number";
    fact_tender: "招标编号", "Tender number";
    fact_section: "标段编号", "Section code";
    fact_document: "文件编号", "Document code";
    fact_deal: "统一交易标识码", "Unified deal code";
    fact_investment_code: "投资项目统一代码", "Investment project code";
    fact_owner: "招标人", "Purchaser";
    fact_purchaser: "采购人", "Purchaser";
    fact_agency: "代理机构", "Agency";
    fact_centre: "交易中心", "Centre";
    fact_procedure: "程序", "Procedure";
    fact_investment: "批准总投资（元）", "Approved investment (yuan)";
    fact_floor_area: "建筑面积（平方米）", "Floor area (m²)";
    fact_budget: "采购预算（元）", "Budget (yuan)";
    fact_ceiling: "最高限价（元）", "Ceiling (yuan)";
    fact_deposit: "投标保证金（元）", "Bid deposit (yuan)";
    fact_term: "履行期限（日历天）", "Term (calendar days)";
    fact_term_works: "工期（日历天）", "Time for completion (calendar days)";
    fact_round: "第几次招标", "Round";
    fact_ended: "终止原因", "Ended because";
    lot_word: "标段", "Lot";
    step_registered: "进场登记", "Registration";
    step_notice: "公告与文件", "Notice and documents";
    step_opening: "开标与解密", "Opening and decryption";
    step_evaluation: "评审", "Evaluation";
    step_candidates: "候选人公示", "Publicity of candidates";
    step_award: "定标", "Award";
    step_notices: "结果公告与通知书", "Result and award notices";
    step_contract: "合同签订", "Contract";
    step_contract_notice: "合同公告", "Contract notice";
    for_opening: "开标", "Opening";
    method_works: "综合评估法：价格得分按与评标基准价的偏差计算。", "Comprehensive evaluation: the price scores by its distance from the benchmark.";
    method_purchase: "综合评分法：价格得分按最低评审价与评审价之比计算。", "Comprehensive scoring: the price scores by the ratio of the lowest adjusted price to it.";
    method_lowest: "最低评标价法：按评审价由低到高排序。", "Lowest price: ranked by adjusted price, lowest first.";
    full_marks: "价格满分", "Full marks of the price";
    k_above: "高于基准价每 1% 扣分", "Off for each 1% above";
    k_below: "低于基准价每 1% 扣分", "Off for each 1% below";
    decimals: "得分小数位", "Decimals of a score";
    price_weight: "价格权重", "Weight of the price";
    drawn_tie: "总分和报价相同，按记录的抽签排列", "equal total and price, placed by the recorded draw";
    objections_how: "对结果有异议的，应当在公示期内向招标人提出。", "Objections go to the purchaser while the publicity lasts.";
    committee: "评审委员会", "Committee";
    award_reason: "定标理由", "Reason";
    contract_term: "合同期限（日历天）", "Contract term (calendar days)";
    contract_bond: "履约保证金（元）", "Performance bond (yuan)";
    bad_filter: "筛选条件无法识别，请从列表中选择，日期写成 2026-03-16。", "A filter cannot be read: choose from the lists and write dates like 2026-03-16.";
    // The boards of the floor.
    comma: "，", ", ";
    slot_requested: "已申请", "requested";
    slot_confirmed: "已确认", "confirmed";
    slot_in_use: "使用中", "in use";
    slot_overrun: "超时", "running over";
    slot_released: "已释放", "released";
    slot_no_show: "未到场", "no show";
    slot_closed: "停用", "out of service";
    lobby_title: "开标大屏", "Openings";
    lobby_none: "当日没有开标。", "No openings on this day.";
    lobby_before: "前一天", "Day before";
    lobby_after: "后一天", "Day after";
    lobby_boards: "各中心开标大屏", "Lobby screens";
    floor_title: "总控大屏", "Control room";
    floor_time: "时间", "Time";
    floor_now: "现在", "Now";
    floor_chart: "各场地的预约与使用", "Rooms by time";
    floor_room: "场地", "Room";
    floor_taken: "已占用", "Taken";
    floor_seats: "席位", "Seats";
    floor_list: "预约清单", "The same as a list";
    floor_none: "此期间没有预约。", "Nothing is booked then.";
    floor_legend: "图例", "Legend";
    floor_buffer: "布置与清理", "setting up and cleaning";
    floor_view: "查看方式", "View";
    floor_days: "日期", "Date";
    floor_day: "日", "Day";
    floor_week: "周", "Week";
    floor_before: "前一段", "Earlier";
    floor_after: "后一段", "Later";
    floor_today: "今日", "Today";
    floor_go: "查看", "Show";
    floor_alerts: "需要处理", "Needs attention";
    floor_due: "应于", "due";
    floor_over_by: "已超", "over by";
    floor_minutes: "分钟", "min";
    floor_closed_now: "现停用", "closed now";
    floor_begun: "启用", "begun";
    floor_ended: "结束", "ended";
    floor_act: "办理", "Act";
    floor_help: "拖动预约即可改期或换房；用键盘时选中预约，按回车拿起，方向键移动，再按回车放下，Esc 放弃。空格键办理。",
        "Drag a booking to move it. By keyboard: focus it, Enter picks it up, the arrows move it, Enter drops it, Escape gives up; Space opens its acts.";
    floor_reason: "变更理由", "Reason for the change";
    floor_move: "变更", "Move it";
    floor_give_up: "放弃", "Leave it";
    floor_close: "关闭", "Close";
    floor_from_to: "变更为", "Move to";
    floor_alternatives: "可改用", "Free instead";
    floor_confirm: "确认", "Confirm";
    floor_begin: "启用", "Begin";
    floor_release: "释放", "Release";
    floor_missed: "未到场", "No show";
    floor_nothing: "现在没有可办理的事项。", "Nothing can be done with it now.";
    floor_picked: "已拿起：", "Picked up: ";
    floor_left: "已放弃，预约未变。", "Left as it was.";
    floor_moved: "已变更。", "Moved.";
    floor_done: "已办理。", "Done.";
    floor_edge: "不能再移。", "It goes no further.";
    floor_room_only: "开标时间即投标截止时间，只能换房。", "An opening is held at the deadline: only its room can change.";
    floor_fixed: "此预约不能变更。", "This booking cannot be moved.";
    floor_past: "不能移到已过的时间。", "It cannot be moved into the past.";
    floor_stale: "连接中断，画面可能不是最新。", "The connection is lost; this may be out of date.";
    floor_conflict: "他人已先行修改此预约。请看过最新情况后再办理。", "Somebody changed this booking first. Look at it as it is now, and try again.";
    alarm_gap: "录音录像中断", "Recording silent";
    alarm_early: "录音录像提前结束", "Recording ended early";
    alarm_taken: "已受理", "taken on";
    alarm_take: "受理报警", "Take the alarm on";
    alarm_close: "解除报警", "Close the alarm";
    use_title: "场地使用率", "Use of rooms";
    use_lead: "已用小时占可预约小时之比：可预约为工作日开放时间减去停用；已用按实际时间，尚未使用的按已确认时段。这是本中心的统计口径，不是法律规定。",
        "Hours used over hours that could be booked: the centre's hours on working days less closures, used by the real times, and by the confirmed slot until then. A measure of the centre's own, not law.";
    use_caption: "各场地逐日使用率（%）", "Use of each room by day, %";
    use_month: "月份", "Month";
    use_month_shape: "请用 2026-03 这样的月份。", "Use a month such as 2026-03.";
    use_hours: "小时", "h";
    use_used: "已用小时", "Hours used";
    use_bookable: "可预约小时", "Hours bookable";
    use_outside: "时间外", "Outside hours";
    use_share: "使用率", "Use";
    use_all: "全部场地", "All rooms";
    use_off: "不可预约", "not bookable";
    use_levels: "深浅", "Shades";
    // Errors.
    error_404_title: "没有找到这一页", "There is no such page";
    error_404_text: "地址可能有误，或者内容尚不能公开。", "The address may be wrong, or the content is not public yet.";
    error_500_title: "大厅出了故障", "Something failed in the hall";
    error_500_text: "不是您的问题，已记录。请稍后再试；若临近截止，请联系中心并报出编号。",
        "This is our fault and is on record. Try again shortly; close to a deadline, call the centre and give the number below.";
    request_number: "编号", "Number";
    back_home: "回到大厅", "Back to the hall";
    // Signing in, and the desk.
    sign_in_title: "登录", "Sign in";
    sign_in_lead: "招标人、代理机构、中心、专家和监督部门由此进入工作台。公开信息无需登录。", "Purchasers, agents, centres, experts and supervisors enter their desk here. Public information needs no account.";
    sign_in_login: "登录名", "Login name";
    sign_in_password: "密码", "Password";
    sign_in_button: "登录", "Sign in";
    sign_in_hint: "会话持续十二小时；公用电脑用后请退出。", "The session lasts twelve hours; sign out of a shared computer when you leave.";
    sign_out: "退出登录", "Sign out";
    desk_title: "工作台", "My desk";
    desk_roles: "角色", "Roles";
    desk_floors: "场地", "Rooms";
    desk_control: "总控大屏", "Control room";
    desk_use: "使用率", "Utilisation";
    desk_feeds: "日历订阅", "Calendar feeds";
    desk_feeds_lead: "生成一个地址，在日历程序中订阅即可看到场地预约。地址本身就是凭证，请勿转发；只显示一次。", "Make an address and subscribe to it in a calendar program to see the booked rooms there. Whoever has the address can read it: do not pass it on. It is shown only once.";
    desk_feed_make: "生成订阅地址", "Make an address";
    desk_feed_of: "订阅内容", "Whose bookings";
    desk_feed_own: "本单位的预约", "Bookings of my organisation";
    desk_feed_made: "已生成，请立即复制：", "Made. Copy it now:";
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has_han(text: &str) -> bool {
        text.chars().any(|letter| ('\u{4e00}'..='\u{9fff}').contains(&letter))
    }

    #[test]
    fn every_key_says_something_in_its_own_language() {
        for (key, zh, en) in table() {
            assert!(!zh.trim().is_empty() && !en.trim().is_empty(), "{key} is empty");
            if !["lang", "other_language", "comma"].contains(&key) {
                assert!(has_han(zh), "{key} is not Chinese: {zh}");
                assert!(!has_han(en), "{key} is not English: {en}");
            }
        }
    }

    #[test]
    fn chinese_uses_chinese_marks() {
        for (key, zh, _) in table() {
            assert!(!zh.contains([';', '?', '!']), "{key}: half-width marks in {zh}");
        }
    }
}
