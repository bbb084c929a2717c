//! Typed, opaque ids: random UUIDs (version 4), so that an id tells nothing of order or number.

/// Makes a newtype over a random UUID that serde, diesel and the OpenAPI document understand.
macro_rules! typed_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
            utoipa::ToSchema, diesel::expression::AsExpression, diesel::deserialize::FromSqlRow,
        )]
        #[serde(transparent)]
        #[schema(value_type = uuid::Uuid)]
        #[diesel(sql_type = diesel::sql_types::Uuid)]
        pub struct $name(pub uuid::Uuid);

        impl $name {
            /// A fresh random id.
            pub fn random() -> Self {
                Self(uuid::Uuid::new_v4())
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(out)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }

        impl diesel::serialize::ToSql<diesel::sql_types::Uuid, diesel::pg::Pg> for $name {
            fn to_sql<'b>(
                &'b self,
                out: &mut diesel::serialize::Output<'b, '_, diesel::pg::Pg>,
            ) -> diesel::serialize::Result {
                <uuid::Uuid as diesel::serialize::ToSql<diesel::sql_types::Uuid, diesel::pg::Pg>>::to_sql(
                    &self.0, out,
                )
            }
        }

        impl diesel::deserialize::FromSql<diesel::sql_types::Uuid, diesel::pg::Pg> for $name {
            fn from_sql(bytes: diesel::pg::PgValue<'_>) -> diesel::deserialize::Result<Self> {
                <uuid::Uuid as diesel::deserialize::FromSql<diesel::sql_types::Uuid, diesel::pg::Pg>>::from_sql(
                    bytes,
                )
                .map(Self)
            }
        }
    };
}

typed_id!(
    /// An edition of the law, or a change of its calendar, entered for adoption.
    EditionId
);
typed_id!(
    /// An organisation 主体: enterprise, agency, purchaser, centre or supervising body.
    OrganisationId
);
typed_id!(
    /// An account of a person or a program of an organisation.
    AccountId
);
typed_id!(
    /// A project 项目 as registered in the hall.
    ProjectId
);
typed_id!(
    /// A tender 招标项目(标段): one procedure for one lot of a project.
    TenderId
);
typed_id!(
    /// A room 场地 of a centre.
    RoomId
);
typed_id!(
    /// A booking 场地预约 of one or more room slots for a tender.
    BookingId
);
typed_id!(
    /// One part's sealed envelope of one bidder's bid 投标.
    BidId
);
typed_id!(
    /// An upload 上传: a ciphertext that comes in chunks before its submission.
    UploadId
);
typed_id!(
    /// A statutory publication 公告公示.
    NoticeId
);
typed_id!(
    /// A random draw of experts 专家抽取.
    DrawId
);
typed_id!(
    /// An award 定标 with everything that led to it.
    AwardId
);
typed_id!(
    /// One request to the service, as the log and the caller both name it.
    RequestId
);
