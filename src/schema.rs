//! The tables as diesel sees them, written from the migrated database by `scripts/schema`.
//!
//! Columns of type `xid8` are left out: PostgreSQL fills and compares them, Rust never does.

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
        tender_id -> Uuid,
        bidder_id -> Uuid,
        kind -> Text,
        text -> Text,
        given_at -> Timestamptz,
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
    }
}

diesel::table! {
    bookings (id) {
        id -> Uuid,
        tender_id -> Uuid,
        centre_code -> Text,
        deadline -> Timestamptz,
        state -> Text,
        live -> Bool,
        requested_by -> Uuid,
        requested_at -> Timestamptz,
        decided_by -> Nullable<Uuid>,
        decided_at -> Nullable<Timestamptz>,
        reason -> Nullable<Text>,
        late -> Bool,
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
    log_object (relation, row_id, content) {
        relation -> Text,
        row_id -> Uuid,
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

diesel::joinable!(account_roles -> accounts (account_id));
diesel::joinable!(accounts -> organisations (organisation_id));
diesel::joinable!(bid_ciphertexts -> bids (bid_id));
diesel::joinable!(bid_receipts -> bids (bid_id));
diesel::joinable!(bid_receipts -> organisations (bidder_id));
diesel::joinable!(bid_receipts -> tenders (tender_id));
diesel::joinable!(bids -> organisations (bidder_id));
diesel::joinable!(bids -> tenders (tender_id));
diesel::joinable!(bookings -> tenders (tender_id));
diesel::joinable!(log_object -> log_pending (entry));
diesel::joinable!(notices -> projects (project_id));
diesel::joinable!(opened_bids -> bids (bid_id));
diesel::joinable!(opened_bids -> organisations (bidder_id));
diesel::joinable!(opened_bids -> tenders (tender_id));
diesel::joinable!(opening_shares -> bids (bid_id));
diesel::joinable!(opening_shares -> tenders (tender_id));
diesel::joinable!(openings -> tenders (tender_id));
diesel::joinable!(project_approvals -> projects (project_id));
diesel::joinable!(project_lots -> projects (project_id));
diesel::joinable!(project_sides -> accounts (account_id));
diesel::joinable!(refresh_tokens -> accounts (account_id));
diesel::joinable!(signing_keys -> accounts (enrolled_by));
diesel::joinable!(signing_keys -> organisations (organisation_id));
diesel::joinable!(tender_clarifications -> tenders (tender_id));
diesel::joinable!(tender_events -> tenders (tender_id));
diesel::joinable!(tender_intake -> tenders (tender_id));
diesel::joinable!(tender_places -> tenders (tender_id));
diesel::joinable!(tenders -> projects (project_id));
diesel::joinable!(venue_decisions -> projects (project_id));

diesel::allow_tables_to_appear_in_same_query! {
    account_roles,
    accounts,
    bid_ciphertexts,
    bid_receipts,
    bids,
    booking_slots,
    bookings,
    hall,
    idempotency,
    jobs,
    log_object,
    log_pending,
    login_failures,
    notices,
    opened_bids,
    opening_shares,
    openings,
    organisations,
    outbox,
    project_approvals,
    project_lots,
    project_sides,
    projects,
    refresh_tokens,
    rooms,
    signing_keys,
    tender_clarifications,
    tender_events,
    tender_intake,
    tender_places,
    tenders,
    venue_decisions,
}
