//! The words of the matrix: acts, phases, relations.

use crate::kernel::Role;

/// Every act of the hall that somebody must be allowed to do.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    strum::AsRefStr,
    strum::EnumString,
    strum::Display,
    strum::EnumIter,
)]
#[strum(serialize_all = "camelCase")]
pub enum Action {
    /// 进场登记
    ProjectRegister,
    /// Change amounts or lots before the first notice.
    ProjectAmend,
    /// Read a project with its venue decisions.
    ProjectRead,
    /// 形式审查: the centre's check of form.
    ProjectAccept,
    /// 拆分嫌疑排除: the supervision office clears a suspicion in writing (AMB-7).
    SplitClear,
    /// Ask to leave the league's centre after the figure sank (AMB-8).
    VenueApply,
    /// Answer such an application.
    VenueDecide,
    /// 委托代理: the purchaser alone chooses its agency (SOD-10).
    MandateGive,
    /// Write the document and the notice.
    TenderDraft,
    /// Read a tender.
    TenderRead,
    /// 采购人确认 over the hash of the frozen document.
    TenderApprove,
    /// 发布公告
    TenderPublish,
    /// 澄清修改
    TenderClarify,
    /// 延期
    TenderPostpone,
    /// 终止
    TenderTerminate,
    /// 场地预约
    BookingRequest,
    /// Read a booking.
    BookingRead,
    /// Confirm a booking.
    BookingConfirm,
    /// Reject a booking.
    BookingReject,
    /// Cancel a booking.
    BookingCancel,
    /// Put another booking in the place of one.
    BookingChange,
    /// 启用: take a booked room into use.
    BookingBegin,
    /// 释放: give it back.
    BookingRelease,
    /// 未到场: note that nobody came.
    BookingNoShow,
    /// Book the complaint room 投诉室 (RM-19).
    ComplaintRoomBook,
    /// 绿色通道: make a project a key project, and an ordinary one again (RM-10).
    GreenChannelMark,
    /// How often an organisation cancelled or missed what it had booked (RM-9).
    AttendanceRead,
    /// How much rooms are used (RM-20).
    RoomFigures,
    /// 停用: take a room out of service, and into it again.
    RoomClose,
    /// 日历订阅: follow the bookings of a room, a centre or one's own organisation.
    CalendarFollow,
    /// The list of rooms.
    RoomsRead,
    /// Which rooms are free when.
    RoomAvailability,
    /// Come in by the door of an opening room 开标室 in its time (RM-15).
    DoorOpening,
    /// Come into evaluation and rest rooms and the area around them (RM-15).
    DoorEvaluation,
    /// Come into a draw room (RM-17).
    DoorDraw,
    /// Come into a complaint room.
    DoorComplaint,
    /// Come into the control room 总控室.
    DoorControl,
    /// Come into corridor and belongings room.
    DoorService,
    /// Keys of doors and recorders.
    DeviceKeep,
    /// Take a pass for oneself.
    PassTake,
    /// Cards, lockers and alarms at a centre's desk.
    DeskKeep,
    /// Who came to which door, recordings and alarms of a centre.
    AccessRead,
    /// Say to be present at a draw (RM-17).
    DrawWitness,
    /// 投标; the deadline is the lot's own guard, so that a late bid gets its signed refusal.
    BidSubmit,
    /// 撤回
    BidWithdraw,
    /// Read one's own bid.
    BidReadOwn,
    /// Read one's own receipt.
    ReceiptRead,
    /// Who bids and how many.
    BidsRead,
    /// Begin the opening as its host.
    OpeningStart,
    /// Follow the opening.
    OpeningRead,
    /// 解密: release a share of one's own bid.
    ShareRelease,
    /// Extend the release window, with a reason.
    OpeningExtend,
    /// End the opening as its host.
    OpeningConclude,
    /// 开标记录
    OpeningRecordRead,
    /// Record whether a bidder's deposit was paid.
    DepositRecord,
    /// Set the conditions of a draw of experts.
    DrawRequest,
    /// 抽取: run the draw at the venue, blind.
    DrawRun,
    /// Read a draw without names.
    DrawRead,
    /// Names of drawn experts.
    ExpertNamesRead,
    /// Begin the evaluation.
    EvaluationStart,
    /// Check in as a member of the committee.
    CommitteeCheckIn,
    /// 资格审查
    QualificationReview,
    /// Sign one's own sheet of scores.
    SheetSign,
    /// Reject a bid as the committee, with its ground.
    CommitteeReject,
    /// Let the system sum the sheets into the report.
    ReportMake,
    /// Hand the signed report to the purchaser.
    ReportDeliver,
    /// How far the committee is, without names or marks.
    EvaluationFollow,
    /// Everything of an evaluation but names, while it goes on.
    EvaluationOversee,
    /// Scores and ranking.
    EvaluationRead,
    /// Sign the report.
    ReportSign,
    /// 中标候选人公示
    CandidatesPublish,
    /// 定标
    AwardDecide,
    /// Tell the winner and every loser.
    AwardNotify,
    /// Read the award as published.
    AwardRead,
    /// 签订合同
    ContractSign,
    /// Read a contract that is not published.
    ContractRead,
    /// 合同公告
    ContractPublish,
    /// 合同备案
    ContractFile,
    /// Read recorded deposits.
    DepositsRead,
    /// 退还保证金
    DepositReturn,
    /// 招标投标情况书面报告
    WrittenReport,
    /// A supervising body's finding on an award.
    AwardReview,
    /// Everything that led to an award.
    AwardRecordRead,
    /// A project's entries of the record.
    HistoryRead,
    /// Published notices.
    NoticeRead,
    /// A change of the law, entered for adoption.
    LawEnter,
    /// Whether a change of the law comes into force.
    LawDecide,
    /// Changes of the law that wait or were refused.
    LawChangeRead,
    /// Organisations, accounts and their roles.
    AccountManage,
    /// Change one's own password.
    PasswordChange,
    /// State of the hall's clock, with the evidence against it.
    ClockRead,
    /// Decide whether the clock is sound again.
    ClockDecide,
    /// 故障延期: propose to move a deadline before which the hall was away.
    OutagePropose,
    /// Move a deadline that an outage or a wrong clock has touched.
    OutageDecide,
    /// Move the sandbox clock.
    SandboxClock,
    /// Enrol a signing key for one's own organisation.
    SigningKeyEnrol,
    /// Public signing keys of an organisation.
    SigningKeysRead,
    /// Enrol and revoke keys of officers who read one's organisation's shares of bids.
    SealKeyEnrol,
    /// Keys of officers.
    SealKeysRead,
    /// Settle another seal policy where a body has lost every key.
    SealPolicySettle,
    /// Whether a tender's officers can read, and prove that one can oneself.
    CanaryProve,
    /// Let the three bodies open a bid whose bidder is absent by no fault of its own.
    OpeningRecover,
    /// Everything needed to open the bids of an opening again.
    OpeningArchiveRead,
}

/// Where a procedure stands, in the order of its life.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    strum::AsRefStr,
    strum::EnumString,
    strum::Display,
    strum::EnumIter,
)]
#[strum(serialize_all = "camelCase")]
pub enum Phase {
    /// Not yet published. Also the phase of things that belong to no procedure.
    Draft,
    /// The first notice is out; bids are taken.
    Published,
    /// The deadline has passed; nothing is opened yet.
    Closed,
    /// The opening has begun.
    Opening,
    /// The opening record stands; evaluation goes on.
    Opened,
    /// The report is signed.
    Evaluated,
    /// The award is decided; the notice of its result is not out yet.
    Decided,
    /// The notice of the award's result is out.
    Awarded,
    /// Contract signed, or the procedure ended without one.
    Concluded,
}

/// What the caller is to the object.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    strum::AsRefStr,
    strum::EnumString,
    strum::Display,
    strum::EnumIter,
)]
#[strum(serialize_all = "camelCase")]
pub enum Relation {
    /// The thing belongs to the caller (own bid, own organisation, own name).
    Own,
    /// The caller's organisation buys.
    Purchaser,
    /// The caller's organisation hosts: the mandated agency, or the purchaser where there is no mandate.
    Agency,
    /// The caller works for the centre where the project trades.
    Centre,
    /// The project lies within the supervising duty of the caller's role and region.
    Duty,
    /// The caller sits on the committee.
    Member,
    /// An account with none of these.
    Other,
    /// Anybody.
    Public,
}

/// Whose rights a row speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Grade {
    Public,
    Hall,
    Role(Role),
}

/// What a row says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString)]
#[strum(serialize_all = "camelCase")]
pub(super) enum Effect {
    Allow,
    Deny,
    Hide,
}
