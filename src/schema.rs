//! The tables as diesel sees them, written from the migrated database by `scripts/schema`.
//!
//! Columns of type `xid8` are left out: PostgreSQL fills and compares them, Rust never does.

diesel::table! {
    access_keys (id) {
        id -> Uuid,
        centre_code -> Text,
        kind -> Text,
        room_id -> Nullable<Uuid>,
        room_kind -> Nullable<Text>,
        area -> Nullable<Text>,
        name -> Text,
        key_sha256 -> Bytea,
        made_by -> Uuid,
        made_at -> Timestamptz,
        revoked_by -> Nullable<Uuid>,
        revoked_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    access_passes (id) {
        id -> Uuid,
        account_id -> Uuid,
        token_sha256 -> Bytea,
        card_of -> Nullable<Text>,
        issued_by -> Uuid,
        issued_at -> Timestamptz,
        expires_at -> Timestamptz,
        ended_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    account_roles (id) {
        id -> Uuid,
        account_id -> Uuid,
        role -> Text,
        given_at -> Timestamptz,
        ended_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    accounts (id) {
        id -> Uuid,
        login -> Text,
        organisation_id -> Uuid,
        display_name -> Text,
        kind -> Text,
        person_key -> Nullable<Uuid>,
        password_hash -> Nullable<Text>,
        secret_sha256 -> Nullable<Bytea>,
        epoch -> Int4,
        disabled_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        first_password -> Bool,
    }
}

diesel::table! {
    alarms (id) {
        id -> Uuid,
        centre_code -> Text,
        kind -> Text,
        room_id -> Uuid,
        recording_id -> Uuid,
        since -> Timestamptz,
        opened_at -> Timestamptz,
        acknowledged_by -> Nullable<Uuid>,
        acknowledged_at -> Nullable<Timestamptz>,
        closed_by -> Nullable<Uuid>,
        closed_at -> Nullable<Timestamptz>,
        remark -> Nullable<Text>,
        version -> Int8,
    }
}

diesel::table! {
    award_reviews (id) {
        id -> Uuid,
        award_id -> Uuid,
        organisation_id -> Uuid,
        account_id -> Uuid,
        finding -> Text,
        remark -> Text,
        made_at -> Timestamptz,
    }
}

diesel::table! {
    awards (id) {
        id -> Uuid,
        tender_id -> Uuid,
        project_id -> Uuid,
        centre_code -> Text,
        region_code -> Text,
        category -> Text,
        bid_id -> Uuid,
        winner_id -> Uuid,
        price -> Numeric,
        term_days -> Int4,
        reason -> Nullable<Text>,
        decided_by -> Uuid,
        decided_at -> Timestamptz,
        result_notice_id -> Nullable<Uuid>,
        notified_by -> Nullable<Uuid>,
        notified_at -> Nullable<Timestamptz>,
        loser_letters -> Nullable<Int4>,
        version -> Int8,
    }
}

diesel::table! {
    bid_chunks (upload_id, n) {
        upload_id -> Uuid,
        n -> Int4,
        sha256 -> Bytea,
        bytes -> Bytea,
    }
}

diesel::table! {
    bid_ciphertexts (bid_id) {
        bid_id -> Uuid,
        bytes -> Bytea,
    }
}

diesel::table! {
    bid_receipts (id) {
        id -> Uuid,
        bid_id -> Nullable<Uuid>,
        tender_id -> Nullable<Uuid>,
        bidder_id -> Nullable<Uuid>,
        kind -> Text,
        text -> Text,
        given_at -> Timestamptz,
    }
}

diesel::table! {
    bid_uploads (id) {
        id -> Uuid,
        tender_id -> Uuid,
        bidder_id -> Uuid,
        part -> Text,
        slot -> Int4,
        size -> Int4,
        begun_at -> Timestamptz,
        begun_by -> Uuid,
        sha256 -> Nullable<Bytea>,
        whole_at -> Nullable<Timestamptz>,
        bid_id -> Nullable<Uuid>,
    }
}

diesel::table! {
    bids (id) {
        id -> Uuid,
        tender_id -> Uuid,
        lot -> Text,
        part -> Text,
        bidder_id -> Uuid,
        revision -> Int4,
        prev_sha256 -> Nullable<Bytea>,
        envelope -> Jsonb,
        envelope_sha256 -> Bytea,
        payload_sha256 -> Bytea,
        payload_size -> Int4,
        bid_key -> Text,
        nonce -> Bytea,
        seq -> Int8,
        state -> Text,
        accepted_at -> Timestamptz,
        submitted_by -> Uuid,
        superseded_at -> Nullable<Timestamptz>,
        withdrawn_at -> Nullable<Timestamptz>,
        withdrawal -> Nullable<Jsonb>,
        revoked_at -> Nullable<Timestamptz>,
        revoked_reason -> Nullable<Text>,
        incomplete_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    booking_slots (id) {
        id -> Uuid,
        booking_id -> Uuid,
        no -> Int4,
        centre_code -> Text,
        room_id -> Uuid,
        kind -> Text,
        during -> Range<Timestamptz>,
        blocked -> Range<Timestamptz>,
        live -> Bool,
        capacity -> Nullable<Int4>,
        begun_at -> Nullable<Timestamptz>,
        overran_at -> Nullable<Timestamptz>,
        ended_at -> Nullable<Timestamptz>,
        no_show -> Bool,
    }
}

diesel::table! {
    bookings (id) {
        id -> Uuid,
        tender_id -> Uuid,
        centre_code -> Text,
        deadline -> Timestamptz,
        state -> Text,
        requested_by -> Uuid,
        requested_at -> Timestamptz,
        decided_by -> Nullable<Uuid>,
        decided_at -> Nullable<Timestamptz>,
        reason -> Nullable<Text>,
        late -> Bool,
        version -> Int8,
        live -> Bool,
        organisation_id -> Nullable<Uuid>,
        answer_by -> Nullable<Timestamptz>,
        replaces -> Nullable<Uuid>,
        by_party -> Bool,
        displaced_by -> Nullable<Uuid>,
    }
}

diesel::table! {
    calendar_feeds (id) {
        id -> Uuid,
        key_sha256 -> Bytea,
        account_id -> Uuid,
        room_id -> Nullable<Uuid>,
        centre_code -> Nullable<Text>,
        organisation_id -> Nullable<Uuid>,
        language -> Text,
        made_at -> Timestamptz,
        ended_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    candidate_lists (id) {
        id -> Uuid,
        tender_id -> Uuid,
        notice_id -> Uuid,
        report_hash -> Bytea,
        candidates -> Jsonb,
        published_by -> Uuid,
        published_at -> Timestamptz,
        ends_at -> Timestamptz,
    }
}

diesel::table! {
    clock_suspicions (id) {
        id -> Uuid,
        raised_at -> Timestamptz,
        evidence -> Jsonb,
        decided_at -> Nullable<Timestamptz>,
        decided_by -> Nullable<Uuid>,
        reason -> Nullable<Text>,
        moved -> Array<Uuid>,
        decided_tick -> Nullable<Int8>,
    }
}

diesel::table! {
    clock_ticks (n) {
        n -> Int8,
        instance -> Uuid,
        boot -> Uuid,
        boot_us -> Int8,
        database_at -> Timestamptz,
        hall_at -> Timestamptz,
        instance_at -> Timestamptz,
        round_trip_us -> Int8,
        error_us -> Nullable<Int8>,
        farewell -> Bool,
    }
}

diesel::table! {
    code_counters (scope) {
        scope -> Text,
        last -> Int8,
    }
}

diesel::table! {
    committee_seats (id) {
        id -> Uuid,
        draw_id -> Uuid,
        tender_id -> Uuid,
        expert_id -> Uuid,
        account_id -> Uuid,
        specialty -> Text,
        rank -> Int4,
        state -> Text,
        number -> Nullable<Int4>,
        checked_in_at -> Nullable<Timestamptz>,
        replaced_at -> Nullable<Timestamptz>,
        replaced_reason -> Nullable<Text>,
    }
}

diesel::table! {
    contracts (id) {
        id -> Uuid,
        award_id -> Uuid,
        tender_id -> Uuid,
        subject -> Text,
        amount -> Numeric,
        term_days -> Int4,
        performance_bond -> Nullable<Numeric>,
        signed_on -> Date,
        drawn_by -> Uuid,
        drawn_at -> Timestamptz,
        signed_by -> Nullable<Uuid>,
        signed_at -> Nullable<Timestamptz>,
        published_at -> Nullable<Timestamptz>,
        notice_id -> Nullable<Uuid>,
        filed_by -> Nullable<Uuid>,
        filed_at -> Nullable<Timestamptz>,
        version -> Int8,
    }
}

diesel::table! {
    deposits (id) {
        id -> Uuid,
        tender_id -> Uuid,
        bidder_id -> Uuid,
        kind -> Text,
        amount -> Numeric,
        recorded_by -> Uuid,
        recorded_at -> Timestamptz,
        returned_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    door_pages (id) {
        id -> Uuid,
        at -> Timestamptz,
        passes -> Int4,
        digest -> Bytea,
    }
}

diesel::table! {
    /// Every pass and denial; written once, in pages.
    door_passes (id) {
        id -> Uuid,
        page_id -> Uuid,
        at -> Timestamptz,
        centre_code -> Text,
        key_id -> Uuid,
        account_id -> Nullable<Uuid>,
        standing -> Text,
        allowed -> Bool,
        reason -> Text,
        booking_id -> Nullable<Uuid>,
    }
}

diesel::table! {
    draw_witnesses (id) {
        id -> Uuid,
        draw_id -> Uuid,
        account_id -> Uuid,
        side -> Text,
        present_at -> Timestamptz,
    }
}

diesel::table! {
    draws (id) {
        id -> Uuid,
        tender_id -> Uuid,
        centre_code -> Text,
        state -> Text,
        slots -> Jsonb,
        avoid_units -> Array<Text>,
        reserves -> Int4,
        requested_at -> Timestamptz,
        requested_by -> Uuid,
        run_at -> Nullable<Timestamptz>,
        run_by -> Nullable<Uuid>,
        evaluation_planned_at -> Nullable<Timestamptz>,
        pool -> Nullable<Jsonb>,
        exclusions -> Nullable<Jsonb>,
        seed -> Nullable<Bytea>,
        version -> Int8,
    }
}

diesel::table! {
    evaluations (id) {
        id -> Uuid,
        tender_id -> Uuid,
        started_at -> Timestamptz,
        started_by -> Uuid,
        members -> Int4,
        screening -> Jsonb,
        low_price -> Nullable<Jsonb>,
        report -> Nullable<Jsonb>,
        report_hash -> Nullable<Bytea>,
        reported_at -> Nullable<Timestamptz>,
        signed_at -> Nullable<Timestamptz>,
        delivered_at -> Nullable<Timestamptz>,
        delivered_late -> Nullable<Text>,
        version -> Int8,
    }
}

diesel::table! {
    experts (id) {
        id -> Uuid,
        account_id -> Uuid,
        unit_id -> Nullable<Uuid>,
        unit_name -> Text,
        specialties -> Array<Text>,
        status -> Text,
        enrolled_at -> Timestamptz,
        version -> Int8,
    }
}

diesel::table! {
    /// One row: whether this database is a production hall or a sandbox, and the sandbox clock.
    hall (one) {
        one -> Bool,
        mode -> Text,
        shift -> Interval,
        held_at -> Nullable<Timestamptz>,
        founded_at -> Timestamptz,
    }
}

diesel::table! {
    idempotency (account_id, key) {
        account_id -> Uuid,
        key -> Text,
        fingerprint -> Bytea,
        status -> Int2,
        headers -> Jsonb,
        body -> Text,
        kept_at -> Timestamptz,
    }
}

diesel::table! {
    jobs (id) {
        id -> Uuid,
        kind -> Text,
        payload -> Jsonb,
        due_at -> Timestamptz,
        key -> Text,
        seq -> Int8,
        retry_at -> Timestamptz,
        attempts -> Int4,
        failure -> Nullable<Text>,
        done_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    /// Projects that the supervision office has let through the green channel.
    key_projects (id) {
        id -> Uuid,
        project_id -> Uuid,
        reason -> Text,
        marked_by -> Uuid,
        marked_at -> Timestamptz,
        ended_by -> Nullable<Uuid>,
        ended_at -> Nullable<Timestamptz>,
        end_reason -> Nullable<Text>,
    }
}

diesel::table! {
    law_changes (id) {
        id -> Uuid,
        kind -> Text,
        year -> Nullable<Int4>,
        files -> Jsonb,
        digest -> Bytea,
        state -> Text,
        entered_at -> Timestamptz,
        entered_by -> Nullable<Uuid>,
        decided_at -> Nullable<Timestamptz>,
        decided_by -> Nullable<Uuid>,
        reason -> Nullable<Text>,
        adopted_no -> Nullable<Int4>,
    }
}

diesel::table! {
    law_in_force (one) {
        one -> Bool,
        adopted_no -> Int4,
    }
}

diesel::table! {
    locker_deposits (id) {
        id -> Uuid,
        centre_code -> Text,
        locker -> Int4,
        receipt -> Text,
        seat_id -> Uuid,
        account_id -> Uuid,
        tender_id -> Uuid,
        deposited_by -> Uuid,
        deposited_at -> Timestamptz,
        returned_by -> Nullable<Uuid>,
        returned_at -> Nullable<Timestamptz>,
        reason -> Nullable<Text>,
    }
}

diesel::table! {
    log_book (log) {
        log -> Int2,
        origin -> Text,
        succeeds -> Nullable<Text>,
        reason -> Nullable<Text>,
        begun_at -> Timestamptz,
    }
}

diesel::table! {
    log_checkpoint (log, size) {
        log -> Int2,
        size -> Int8,
        root -> Bytea,
        note -> Text,
        at -> Timestamptz,
    }
}

diesel::table! {
    log_cosig (log, size, witness, at) {
        log -> Int2,
        size -> Int8,
        witness -> Text,
        line -> Text,
        at -> Timestamptz,
    }
}

diesel::table! {
    /// Hashes of complete subtrees; each follows the leaf that completes it.
    log_hash (log, idx) {
        log -> Int2,
        idx -> Int8,
        hash -> Bytea,
    }
}

diesel::table! {
    log_leaf (log, idx) {
        log -> Int2,
        idx -> Int8,
        pending_id -> Nullable<Int8>,
        nonce -> Nullable<Bytea>,
        leaf -> Bytea,
    }
}

diesel::table! {
    log_object (relation, row_id, content) {
        relation -> Text,
        row_id -> Uuid,
        /// SHA-256 of the row as record_send() gives it; before migration 0104, of the row as jsonb text.
        content -> Bytea,
        entry -> Int8,
    }
}

diesel::table! {
    log_pending (id) {
        id -> Int8,
        at -> Timestamptz,
        act -> Text,
        project_id -> Nullable<Uuid>,
        tender_id -> Nullable<Uuid>,
        tells_of_bid -> Bool,
        skeleton -> Jsonb,
        body -> Nullable<Jsonb>,
        salt -> Nullable<Bytea>,
        /// SHA-256(0x00 || JCS(skeleton)); the skeleton commits to the body by SHA-256(salt || JCS(body)).
        leaf -> Bytea,
    }
}

diesel::table! {
    login_failures (id) {
        id -> Int8,
        login_sha256 -> Bytea,
        address -> Text,
        at -> Timestamptz,
    }
}

diesel::table! {
    low_price_votes (id) {
        id -> Uuid,
        tender_id -> Uuid,
        bid_id -> Uuid,
        seat_id -> Uuid,
        number -> Int4,
        accepted -> Bool,
        reason -> Text,
        voted_at -> Timestamptz,
    }
}

diesel::table! {
    notices (id) {
        id -> Uuid,
        kind -> Text,
        project_id -> Uuid,
        tender_id -> Nullable<Uuid>,
        centre_code -> Text,
        region_code -> Text,
        category -> Text,
        title -> Jsonb,
        sections -> Jsonb,
        published_at -> Timestamptz,
        period_ends_at -> Nullable<Timestamptz>,
        grams -> Array<Text>,
    }
}

diesel::table! {
    opened_bids (id) {
        id -> Uuid,
        tender_id -> Uuid,
        bid_id -> Uuid,
        bidder_id -> Uuid,
        seq -> Int8,
        received_at -> Timestamptz,
        released_at -> Nullable<Timestamptz>,
        outcome -> Text,
        price -> Nullable<Numeric>,
        form -> Nullable<Jsonb>,
        files -> Nullable<Jsonb>,
        failure -> Nullable<Text>,
        clause -> Nullable<Int4>,
        recovery -> Nullable<Text>,
        part -> Text,
    }
}

diesel::table! {
    opening_recoveries (id) {
        id -> Uuid,
        tender_id -> Uuid,
        bid_id -> Uuid,
        reason -> Text,
        ordered_by -> Uuid,
        ordered_at -> Timestamptz,
    }
}

diesel::table! {
    opening_shares (id) {
        id -> Uuid,
        tender_id -> Uuid,
        bid_id -> Uuid,
        clause -> Int4,
        member -> Text,
        share -> Text,
        released_at -> Timestamptz,
        released_by -> Uuid,
        completes -> Bool,
        n -> Int8,
        stage -> Int4,
    }
}

diesel::table! {
    openings (id) {
        id -> Uuid,
        tender_id -> Uuid,
        began_at -> Timestamptz,
        window_until -> Timestamptz,
        extended_from -> Nullable<Timestamptz>,
        extended_by -> Nullable<Uuid>,
        extension_reason -> Nullable<Text>,
        concluded_at -> Nullable<Timestamptz>,
        version -> Int8,
        benchmark_draw -> Nullable<Jsonb>,
        stage -> Int4,
    }
}

diesel::table! {
    organisations (id) {
        id -> Uuid,
        kind -> Text,
        name_zh -> Text,
        name_en -> Text,
        uscc -> Nullable<Text>,
        region_code -> Text,
        centre_code -> Nullable<Text>,
        email -> Text,
        created_at -> Timestamptz,
        version -> Int8,
    }
}

diesel::table! {
    outage_postponements (id) {
        id -> Uuid,
        tender_id -> Uuid,
        deadline_from -> Timestamptz,
        deadline_to -> Timestamptz,
        reason -> Text,
        evidence -> Jsonb,
        slots -> Nullable<Jsonb>,
        state -> Text,
        proposed_by -> Uuid,
        proposed_at -> Timestamptz,
        decided_by -> Nullable<Uuid>,
        decided_at -> Nullable<Timestamptz>,
        decision -> Nullable<Text>,
    }
}

diesel::table! {
    outbox (id) {
        id -> Uuid,
        recipient -> Text,
        subject -> Text,
        body -> Text,
        about -> Nullable<Uuid>,
        written_at -> Timestamptz,
        retry_at -> Timestamptz,
        attempts -> Int4,
        failure -> Nullable<Text>,
        sent_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    project_approvals (id) {
        id -> Uuid,
        project_id -> Uuid,
        kind -> Text,
        document_no -> Text,
        dated -> Date,
        amount -> Numeric,
    }
}

diesel::table! {
    project_lots (id) {
        id -> Uuid,
        project_id -> Uuid,
        no -> Int4,
        name -> Text,
        estimate -> Nullable<Numeric>,
    }
}

diesel::table! {
    project_sides (project_id, person) {
        project_id -> Uuid,
        person -> Uuid,
        account_id -> Uuid,
        side -> Text,
        taken_at -> Timestamptz,
    }
}

diesel::table! {
    projects (id) {
        id -> Uuid,
        code -> Text,
        name -> Text,
        region_code -> Text,
        level -> Text,
        category -> Text,
        catalogue_item -> Nullable<Text>,
        industry_code -> Nullable<Text>,
        purchaser_id -> Uuid,
        agency_id -> Nullable<Uuid>,
        mandated_at -> Nullable<Timestamptz>,
        investment -> Nullable<Numeric>,
        floor_area -> Nullable<Numeric>,
        budget -> Nullable<Numeric>,
        estimate -> Nullable<Numeric>,
        centre_code -> Nullable<Text>,
        registered_at -> Timestamptz,
        registered_by -> Uuid,
        accepted_on -> Nullable<Date>,
        first_notice_on -> Nullable<Date>,
        version -> Int8,
        law_edition -> Nullable<Uuid>,
        investment_code -> Nullable<Text>,
        budget_item -> Nullable<Text>,
        procurement_category -> Nullable<Text>,
        gb_industry -> Nullable<Text>,
        regime -> Nullable<Text>,
        foreign_amount -> Nullable<Jsonb>,
        other_phases -> Nullable<Jsonb>,
        phase_no -> Nullable<Int4>,
        voluntary -> Nullable<Jsonb>,
        accepted_centre -> Nullable<Text>,
        split_suspected -> Bool,
        stays_at_league -> Bool,
        round_open -> Bool,
    }
}

diesel::table! {
    qualification_reviews (id) {
        id -> Uuid,
        tender_id -> Uuid,
        verdicts -> Jsonb,
        reviewed_at -> Timestamptz,
        reviewed_by -> Uuid,
    }
}

diesel::table! {
    recording_beats (recording_id) {
        recording_id -> Uuid,
        last_at -> Timestamptz,
    }
}

diesel::table! {
    recordings (id) {
        id -> Uuid,
        key_id -> Uuid,
        centre_code -> Text,
        room_id -> Uuid,
        booking_id -> Nullable<Uuid>,
        tender_id -> Nullable<Uuid>,
        started_at -> Timestamptz,
        ended_at -> Nullable<Timestamptz>,
        cut_off -> Bool,
    }
}

diesel::table! {
    refresh_tokens (id) {
        id -> Uuid,
        family -> Uuid,
        account_id -> Uuid,
        epoch -> Int4,
        token_sha256 -> Bytea,
        issued_at -> Timestamptz,
        expires_at -> Timestamptz,
        used_at -> Nullable<Timestamptz>,
        replays -> Int4,
        revoked_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    report_signatures (id) {
        id -> Uuid,
        tender_id -> Uuid,
        seat_id -> Uuid,
        number -> Int4,
        report_hash -> Bytea,
        dissent -> Nullable<Text>,
        signed_at -> Timestamptz,
    }
}

diesel::table! {
    /// Rooms out of service; bookings made before stand until somebody moves them.
    room_closures (id) {
        id -> Uuid,
        room_id -> Uuid,
        during -> Range<Timestamptz>,
        reason -> Text,
        closed_by -> Uuid,
        closed_at -> Timestamptz,
        ended_by -> Nullable<Uuid>,
        ended_at -> Nullable<Timestamptz>,
        version -> Int8,
    }
}

diesel::table! {
    /// The rooms of config/centres, written at every start.
    rooms (id) {
        id -> Uuid,
        centre_code -> Text,
        code -> Text,
        kind -> Text,
        no -> Int4,
        name -> Jsonb,
        capacity -> Int4,
        listed -> Bool,
    }
}

diesel::table! {
    score_sheets (id) {
        id -> Uuid,
        tender_id -> Uuid,
        seat_id -> Uuid,
        number -> Int4,
        sheet -> Jsonb,
        sheet_hash -> Bytea,
        signed_at -> Timestamptz,
        revision -> Int4,
    }
}

diesel::table! {
    seal_canaries (id) {
        id -> Uuid,
        tender_id -> Uuid,
        key_id -> Uuid,
        member -> Text,
        canary -> Bytea,
        answer_sha256 -> Bytea,
        made_at -> Timestamptz,
        proved_at -> Nullable<Timestamptz>,
        policy_no -> Int4,
    }
}

diesel::table! {
    seal_keys (id) {
        id -> Uuid,
        organisation_id -> Uuid,
        account_id -> Uuid,
        recipient -> Text,
        enrolment -> Jsonb,
        enrolled_at -> Timestamptz,
        revoked_at -> Nullable<Timestamptz>,
        revoked_by -> Nullable<Uuid>,
        revoked_reason -> Nullable<Text>,
    }
}

diesel::table! {
    seal_policies (id) {
        id -> Uuid,
        tender_id -> Uuid,
        policy_no -> Int4,
        document -> Jsonb,
        digest -> Bytea,
        holders -> Jsonb,
        made_at -> Timestamptz,
    }
}

diesel::table! {
    signing_keys (id) {
        id -> Uuid,
        organisation_id -> Uuid,
        public_key -> Bytea,
        proof -> Bytea,
        enrolled_by -> Uuid,
        enrolled_at -> Timestamptz,
        valid_from -> Timestamptz,
        valid_to -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    split_suspects (id) {
        id -> Uuid,
        project_id -> Uuid,
        rule -> Text,
        shared -> Text,
        fiscal_year -> Int4,
        total -> Numeric,
        bound -> Numeric,
        others -> Jsonb,
        flagged_at -> Timestamptz,
        cleared_at -> Nullable<Timestamptz>,
        cleared_by -> Nullable<Uuid>,
        reason -> Nullable<Text>,
    }
}

diesel::table! {
    tender_clarifications (id) {
        id -> Uuid,
        tender_id -> Uuid,
        no -> Int4,
        text -> Text,
        affects_bids -> Bool,
        published_at -> Timestamptz,
        published_by -> Uuid,
    }
}

diesel::table! {
    tender_events (id) {
        id -> Uuid,
        tender_id -> Uuid,
        event -> Text,
        at -> Timestamptz,
        late_rule -> Nullable<Text>,
    }
}

diesel::table! {
    tender_intake (tender_id) {
        tender_id -> Uuid,
        last_at -> Timestamptz,
        bid_n -> Int8,
        seal_policy -> Nullable<Bytea>,
    }
}

diesel::table! {
    tender_places (id) {
        id -> Uuid,
        tender_id -> Uuid,
        booking_id -> Uuid,
        room_code -> Text,
        room_name -> Jsonb,
        opens_at -> Timestamptz,
        fixed_at -> Timestamptz,
        given_up_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    tenders (id) {
        id -> Uuid,
        code -> Text,
        project_id -> Uuid,
        lot_no -> Int4,
        round -> Int4,
        centre_code -> Text,
        title -> Text,
        procedure_id -> Text,
        document -> Jsonb,
        document_hash -> Bytea,
        approved_hash -> Nullable<Bytea>,
        approved_by -> Nullable<Uuid>,
        approved_at -> Nullable<Timestamptz>,
        offered_until -> Timestamptz,
        deadline -> Timestamptz,
        phase -> Text,
        published_at -> Nullable<Timestamptz>,
        law_on -> Nullable<Date>,
        closed_at -> Nullable<Timestamptz>,
        bid_count -> Nullable<Int4>,
        bid_root -> Nullable<Bytea>,
        opening_began_at -> Nullable<Timestamptz>,
        opened_at -> Nullable<Timestamptz>,
        ended_reason -> Nullable<Text>,
        ended_at -> Nullable<Timestamptz>,
        created_at -> Timestamptz,
        created_by -> Uuid,
        version -> Int8,
        section_code -> Nullable<Text>,
        document_code -> Nullable<Text>,
        deal_code -> Nullable<Text>,
    }
}

diesel::table! {
    venue_applications (id) {
        id -> Uuid,
        project_id -> Uuid,
        applied_at -> Timestamptz,
        applied_by -> Uuid,
        reason -> Text,
        decided_at -> Nullable<Timestamptz>,
        decided_by -> Nullable<Uuid>,
        approved -> Nullable<Bool>,
        answer -> Nullable<Text>,
    }
}

diesel::table! {
    venue_decisions (id) {
        id -> Uuid,
        project_id -> Uuid,
        no -> Int4,
        decided_at -> Timestamptz,
        decided_by -> Nullable<Uuid>,
        question -> Jsonb,
        decision -> Jsonb,
    }
}

diesel::table! {
    written_reports (id) {
        id -> Uuid,
        tender_id -> Uuid,
        summary -> Text,
        made_by -> Uuid,
        made_at -> Timestamptz,
    }
}

diesel::joinable!(access_keys -> accounts (made_by));
diesel::joinable!(account_roles -> accounts (account_id));
diesel::joinable!(accounts -> organisations (organisation_id));
diesel::joinable!(alarms -> recordings (recording_id));
diesel::joinable!(alarms -> rooms (room_id));
diesel::joinable!(award_reviews -> accounts (account_id));
diesel::joinable!(award_reviews -> awards (award_id));
diesel::joinable!(award_reviews -> organisations (organisation_id));
diesel::joinable!(awards -> bids (bid_id));
diesel::joinable!(awards -> notices (result_notice_id));
diesel::joinable!(awards -> organisations (winner_id));
diesel::joinable!(awards -> projects (project_id));
diesel::joinable!(awards -> tenders (tender_id));
diesel::joinable!(bid_chunks -> bid_uploads (upload_id));
diesel::joinable!(bid_ciphertexts -> bids (bid_id));
diesel::joinable!(bid_receipts -> bids (bid_id));
diesel::joinable!(bid_receipts -> organisations (bidder_id));
diesel::joinable!(bid_receipts -> tenders (tender_id));
diesel::joinable!(bid_uploads -> accounts (begun_by));
diesel::joinable!(bid_uploads -> bids (bid_id));
diesel::joinable!(bid_uploads -> organisations (bidder_id));
diesel::joinable!(bid_uploads -> tenders (tender_id));
diesel::joinable!(bids -> organisations (bidder_id));
diesel::joinable!(bids -> tenders (tender_id));
diesel::joinable!(bookings -> tenders (tender_id));
diesel::joinable!(calendar_feeds -> accounts (account_id));
diesel::joinable!(calendar_feeds -> organisations (organisation_id));
diesel::joinable!(calendar_feeds -> rooms (room_id));
diesel::joinable!(candidate_lists -> notices (notice_id));
diesel::joinable!(candidate_lists -> tenders (tender_id));
diesel::joinable!(clock_suspicions -> accounts (decided_by));
diesel::joinable!(committee_seats -> accounts (account_id));
diesel::joinable!(committee_seats -> draws (draw_id));
diesel::joinable!(committee_seats -> experts (expert_id));
diesel::joinable!(committee_seats -> tenders (tender_id));
diesel::joinable!(contracts -> awards (award_id));
diesel::joinable!(contracts -> notices (notice_id));
diesel::joinable!(contracts -> tenders (tender_id));
diesel::joinable!(deposits -> organisations (bidder_id));
diesel::joinable!(deposits -> tenders (tender_id));
diesel::joinable!(draw_witnesses -> accounts (account_id));
diesel::joinable!(draw_witnesses -> draws (draw_id));
diesel::joinable!(draws -> tenders (tender_id));
diesel::joinable!(evaluations -> tenders (tender_id));
diesel::joinable!(experts -> accounts (account_id));
diesel::joinable!(experts -> organisations (unit_id));
diesel::joinable!(key_projects -> projects (project_id));
diesel::joinable!(locker_deposits -> accounts (account_id));
diesel::joinable!(locker_deposits -> committee_seats (seat_id));
diesel::joinable!(locker_deposits -> tenders (tender_id));
diesel::joinable!(log_checkpoint -> log_book (log));
diesel::joinable!(log_object -> log_pending (entry));
diesel::joinable!(low_price_votes -> bids (bid_id));
diesel::joinable!(low_price_votes -> committee_seats (seat_id));
diesel::joinable!(notices -> projects (project_id));
diesel::joinable!(opening_recoveries -> accounts (ordered_by));
diesel::joinable!(opening_recoveries -> bids (bid_id));
diesel::joinable!(opening_recoveries -> tenders (tender_id));
diesel::joinable!(opening_shares -> bids (bid_id));
diesel::joinable!(opening_shares -> tenders (tender_id));
diesel::joinable!(openings -> tenders (tender_id));
diesel::joinable!(outage_postponements -> tenders (tender_id));
diesel::joinable!(project_approvals -> projects (project_id));
diesel::joinable!(project_lots -> projects (project_id));
diesel::joinable!(project_sides -> accounts (account_id));
diesel::joinable!(projects -> law_changes (law_edition));
diesel::joinable!(qualification_reviews -> tenders (tender_id));
diesel::joinable!(recording_beats -> recordings (recording_id));
diesel::joinable!(recordings -> access_keys (key_id));
diesel::joinable!(recordings -> bookings (booking_id));
diesel::joinable!(recordings -> rooms (room_id));
diesel::joinable!(recordings -> tenders (tender_id));
diesel::joinable!(refresh_tokens -> accounts (account_id));
diesel::joinable!(report_signatures -> committee_seats (seat_id));
diesel::joinable!(room_closures -> rooms (room_id));
diesel::joinable!(score_sheets -> committee_seats (seat_id));
diesel::joinable!(seal_canaries -> seal_keys (key_id));
diesel::joinable!(seal_canaries -> tenders (tender_id));
diesel::joinable!(seal_keys -> accounts (account_id));
diesel::joinable!(seal_keys -> organisations (organisation_id));
diesel::joinable!(seal_policies -> tenders (tender_id));
diesel::joinable!(signing_keys -> accounts (enrolled_by));
diesel::joinable!(signing_keys -> organisations (organisation_id));
diesel::joinable!(split_suspects -> projects (project_id));
diesel::joinable!(tender_clarifications -> tenders (tender_id));
diesel::joinable!(tender_events -> tenders (tender_id));
diesel::joinable!(tender_intake -> tenders (tender_id));
diesel::joinable!(tender_places -> tenders (tender_id));
diesel::joinable!(tenders -> projects (project_id));
diesel::joinable!(venue_applications -> projects (project_id));
diesel::joinable!(venue_decisions -> projects (project_id));
diesel::joinable!(written_reports -> tenders (tender_id));

diesel::allow_tables_to_appear_in_same_query! {
    access_keys,
    access_passes,
    account_roles,
    accounts,
    alarms,
    award_reviews,
    awards,
    bid_chunks,
    bid_ciphertexts,
    bid_receipts,
    bid_uploads,
    bids,
    booking_slots,
    bookings,
    calendar_feeds,
    candidate_lists,
    clock_suspicions,
    clock_ticks,
    code_counters,
    committee_seats,
    contracts,
    deposits,
    door_pages,
    door_passes,
    draw_witnesses,
    draws,
    evaluations,
    experts,
    hall,
    idempotency,
    jobs,
    key_projects,
    law_changes,
    law_in_force,
    locker_deposits,
    log_book,
    log_checkpoint,
    log_cosig,
    log_hash,
    log_leaf,
    log_object,
    log_pending,
    login_failures,
    low_price_votes,
    notices,
    opened_bids,
    opening_recoveries,
    opening_shares,
    openings,
    organisations,
    outage_postponements,
    outbox,
    project_approvals,
    project_lots,
    project_sides,
    projects,
    qualification_reviews,
    recording_beats,
    recordings,
    refresh_tokens,
    report_signatures,
    room_closures,
    rooms,
    score_sheets,
    seal_canaries,
    seal_keys,
    seal_policies,
    signing_keys,
    split_suspects,
    tender_clarifications,
    tender_events,
    tender_intake,
    tender_places,
    tenders,
    venue_applications,
    venue_decisions,
    written_reports,
}
