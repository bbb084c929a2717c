//! The pages: a template and what it needs. Rendering decides nothing.

use askama::Template;

use super::{
    assets::{MARK, SCRIPT, STYLE},
    http::NoticeQuery,
    password::PasswordView,
    prices::prices_svg,
    question::{CalculatorForm, Notes},
    reader::Reader,
    sign_in::{DeskView, SignInView},
    statutes::{CalendarView, LawView, ProjectLawView},
    strip::{self, Line},
    timeline::{Layout, timeline_svg},
    trial::{Kind, TrialView},
    view::*,
};
use crate::ledger::light::LightState;

/// What the frame needs besides the reader: addresses of the compiled-in files.
pub(super) struct Frame {
    pub(super) style: String,
    pub(super) script: String,
    pub(super) mark: String,
}

impl Frame {
    pub(super) fn new() -> Self {
        Self { style: STYLE.href(), script: SCRIPT.href(), mark: MARK.href() }
    }
}

/// `/`
#[derive(Template)]
#[template(path = "home.html")]
struct HomePage<'a> {
    r: &'a Reader,
    f: Frame,
    v: &'a HomeView,
}

/// Renders `/`.
pub(super) fn home(r: &Reader, v: &HomeView) -> askama::Result<String> {
    HomePage { r, f: Frame::new(), v }.render()
}

#[derive(Template)]
#[template(path = "notices.html")]
struct NoticesPage<'a> {
    r: &'a Reader,
    f: Frame,
    v: &'a NoticesView,
    q: &'a NoticeQuery,
}

/// Renders `/notices`.
pub(super) fn notices(r: &Reader, v: &NoticesView, q: &NoticeQuery) -> askama::Result<String> {
    NoticesPage { r, f: Frame::new(), v, q }.render()
}

#[derive(Template)]
#[template(path = "notice.html")]
struct NoticePage<'a> {
    r: &'a Reader,
    f: Frame,
    v: &'a NoticeView,
}

/// Renders `/notices/{id}`.
pub(super) fn notice(r: &Reader, v: &NoticeView) -> askama::Result<String> {
    NoticePage { r, f: Frame::new(), v }.render()
}

#[derive(Template)]
#[template(path = "project.html")]
struct ProjectPage<'a> {
    r: &'a Reader,
    f: Frame,
    v: &'a ProjectView,
    wide: String,
    narrow: String,
    prices: String,
}

/// Renders `/projects/{id}`.
pub(super) fn project(r: &Reader, v: &ProjectView) -> askama::Result<String> {
    let draw = |layout| v.timeline.as_ref().map(|line| timeline_svg(line, layout, r)).unwrap_or_default();
    let spread = v.evaluation.as_ref().and_then(|evaluation| evaluation.spread.as_ref());
    ProjectPage {
        r,
        f: Frame::new(),
        v,
        wide: draw(Layout::Wide),
        narrow: draw(Layout::Narrow),
        prices: spread.map(prices_svg).unwrap_or_default(),
    }
    .render()
}

/// What the calculators' page shows.
pub(super) struct Calculators<'a> {
    /// The form as sent.
    pub form: &'a CalculatorForm,
    /// Notes beside fields, and one by the name `form` about the whole question.
    pub notes: Notes,
    /// Regions one can choose.
    pub regions: Vec<Choice>,
    /// Foreign currencies one can choose.
    pub currencies: Vec<Choice>,
    /// The amounts asked about, as typed and in exact yuan.
    pub asked: Vec<String>,
    /// Answer of the venue calculator.
    pub venue: Option<VenueView>,
    /// Answer of the deadline calculator.
    pub deadline: Option<DeadlineView>,
}

#[derive(Template)]
#[template(path = "calculators.html")]
struct CalculatorsPage<'a> {
    r: &'a Reader,
    f: Frame,
    c: &'a Calculators<'a>,
    lines: Vec<Line>,
    weekdays: Vec<&'static str>,
}

impl CalculatorsPage<'_> {
    fn note(&self, field: &str) -> Option<&String> {
        self.c.notes.get(field)
    }

    /// Attributes of a field that carries a note.
    fn wrong(&self, field: &str) -> String {
        self.note(field)
            .map(|_| format!(" aria-invalid=\"true\" aria-describedby=\"{field}-note\""))
            .unwrap_or_default()
    }

    /// Attributes of a field that has a hint and may carry a note.
    fn hinted(&self, field: &str) -> String {
        match self.note(field) {
            Some(_) => format!(" aria-invalid=\"true\" aria-describedby=\"{field}-hint {field}-note\""),
            None => format!(" aria-describedby=\"{field}-hint\""),
        }
    }

    /// `" selected"` where `value` was sent, or is `usual` and nothing was.
    fn chosen(&self, sent: &str, value: &str, usual: bool) -> &'static str {
        if sent == value || (sent.is_empty() && usual) { " selected" } else { "" }
    }
}

/// Renders `/calculators`.
pub(super) fn calculators(r: &Reader, c: &Calculators<'_>) -> askama::Result<String> {
    let lines = c.deadline.as_ref().map(|answer| strip::lines(&answer.days, r)).unwrap_or_default();
    CalculatorsPage { r, f: Frame::new(), c, lines, weekdays: strip::weekdays(r) }.render()
}

#[derive(Template)]
#[template(path = "law.html")]
struct LawPage<'a> {
    r: &'a Reader,
    f: Frame,
    v: &'a LawView,
}

/// Renders `/law`.
pub(super) fn law(r: &Reader, v: &LawView) -> askama::Result<String> {
    LawPage { r, f: Frame::new(), v }.render()
}

#[derive(Template)]
#[template(path = "project_law.html")]
struct ProjectLawPage<'a> {
    r: &'a Reader,
    f: Frame,
    v: &'a ProjectLawView,
}

/// Renders `/projects/{id}/law`.
pub(super) fn project_law(r: &Reader, v: &ProjectLawView) -> askama::Result<String> {
    ProjectLawPage { r, f: Frame::new(), v }.render()
}

#[derive(Template)]
#[template(path = "calendar.html")]
struct CalendarPage<'a> {
    r: &'a Reader,
    f: Frame,
    v: &'a CalendarView,
    weekdays: Vec<&'static str>,
}

impl CalendarPage<'_> {
    fn of(&self, year: &i32) -> String {
        format!("/law/calendar/{year}")
    }
}

/// Renders `/law/calendar/{year}`.
pub(super) fn calendar(r: &Reader, v: &CalendarView) -> askama::Result<String> {
    CalendarPage { r, f: Frame::new(), v, weekdays: strip::weekdays(r) }.render()
}

#[derive(Template)]
#[template(path = "trial.html")]
struct TrialPage<'a> {
    r: &'a Reader,
    f: Frame,
    v: &'a TrialView,
}

/// Renders `/evaluation`.
pub(super) fn trial(r: &Reader, v: &TrialView) -> askama::Result<String> {
    TrialPage { r, f: Frame::new(), v }.render()
}

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage<'a> {
    r: &'a Reader,
    f: Frame,
    v: &'a SignInView,
}

/// Renders `/login` for whoever has not signed in.
pub(super) fn sign_in(r: &Reader, v: &SignInView) -> askama::Result<String> {
    SignInPage { r, f: Frame::new(), v }.render()
}

#[derive(Template)]
#[template(path = "password.html")]
struct PasswordPage<'a> {
    r: &'a Reader,
    f: Frame,
    v: &'a PasswordView,
}

/// Renders `/login/password`.
pub(super) fn password(r: &Reader, v: &PasswordView) -> askama::Result<String> {
    PasswordPage { r, f: Frame::new(), v }.render()
}

#[derive(Template)]
#[template(path = "desk.html")]
struct DeskPage<'a> {
    r: &'a Reader,
    f: Frame,
    v: &'a DeskView,
}

/// Renders `/login` for whoever has.
pub(super) fn desk(r: &Reader, v: &DeskView) -> askama::Result<String> {
    DeskPage { r, f: Frame::new(), v }.render()
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage<'a> {
    r: &'a Reader,
    f: Frame,
    v: &'a ErrorView,
}

/// Renders an error page.
pub(super) fn error(r: &Reader, v: &ErrorView) -> askama::Result<String> {
    ErrorPage { r, f: Frame::new(), v }.render()
}
