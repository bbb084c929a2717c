//! The sandbox's organisations and accounts: samples, marked as such, with one password for all.
//!
//! The enterprises are those of the recorded opening in `demo/opening-1528.csv`, whose names and codes are
//! replaced. Nothing here can run in a production hall: [`found`] asks the database first.

use ed25519_dalek::{Signer, SigningKey as Secret};
use serde_json::json;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{
    model::{SigningKey, enrolment_text},
    passwords,
    store::{self, NewAccount, NewOrganisation, NewProof},
};
use crate::{
    kernel::{
        Actor, Code, OrganisationKind, Problem, Refusal, Role, Say, Uscc,
        id::{AccountId, OrganisationId},
    },
    ledger::{self, Entry},
    platform::db::Tx,
};

/// The record of a public opening; row n is `bidder.n`.
const OPENING: &str = include_str!("../../demo/opening-1528.csv");
/// Experts of the sandbox.
const EXPERTS: u32 = 40;
/// The league.
const LEAGUE: &str = "152500";
/// Taibus Banner.
const TAIBUS: &str = "152527";

/// Seed of the Ed25519 key a sandbox account signs with: SHA-256 of a label, the sandbox password and the login.
pub fn sandbox_signing_key(password: &str, login: &str) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(b"tenderhall-sandbox-key");
    hash.update(password);
    hash.update(login);
    hash.finalize().into()
}

/// What will be inserted.
#[derive(Default)]
struct People {
    organisations: Vec<NewOrganisation>,
    accounts: Vec<NewAccount>,
    keys: Vec<(SigningKey, [u8; 64], AccountId)>,
}

/// Creates every organisation and account of the sandbox with `password`; does nothing where they exist.
///
/// # Errors
/// `sandbox-only` in a production hall.
pub async fn found(tx: &mut Tx<'_>, password: &str) -> Result<(), Problem> {
    if !store::is_sandbox(tx.conn()).await? {
        let detail = Say::new("样例账户只能建立在沙箱中。", "Sample accounts exist only in a sandbox.");
        return Err(Refusal::new(Code::SandboxOnly, detail).into());
    }
    if store::login_exists(tx.conn(), "admin").await? {
        return Ok(());
    }
    let now = tx.hall_now().await?;
    let hash = passwords::hash(password.to_owned()).await?;
    let mut people = People::default();
    people.bodies(&hash)?;
    people.experts(&hash)?;
    people.bidders(password, now)?;
    store::add_organisations(tx.conn(), &people.organisations, now).await?;
    store::add_accounts(tx.conn(), &people.accounts, now).await?;
    store::add_signing_keys(tx.conn(), &people.keys, now).await?;
    let act = |relation: &'static str, rows: Vec<Uuid>| {
        let entry = Entry::new("sandbox.founded").facts(json!({"table": relation, "rows": rows.len()}));
        let entry = rows.into_iter().fold(entry, |entry, row| entry.row(relation, row));
        (Actor::Hall("identity.sandbox"), entry)
    };
    let entries = vec![
        act("organisations", people.organisations.iter().map(|one| one.id.0).collect()),
        act("accounts", people.accounts.iter().map(|one| one.id.0).collect()),
        act("account_roles", people.accounts.iter().map(|one| one.role_row).collect()),
        act("signing_keys", people.keys.iter().map(|one| one.0.id).collect()),
    ];
    ledger::record_batch(tx, now, entries).await?;
    Ok(())
}

impl People {
    /// Centres, purchasers, agencies, supervising bodies and the administrator.
    #[expect(clippy::too_many_lines, reason = "a list of sample bodies, one after the other")]
    fn bodies(&mut self, hash: &str) -> Result<(), Problem> {
        use OrganisationKind::{Agency, Centre, Purchaser, SupervisingBody};
        let league = self.organisation(
            Centre,
            LEAGUE,
            Some(LEAGUE),
            "operator.league",
            ("锡林郭勒盟公共资源交易中心（样例）", "Xilingol League Public Resource Trading Centre (sample)"),
        )?;
        self.person("operator.league", league, Role::Operator, "盟中心工作人员", hash);
        self.person("admin", league, Role::Admin, "系统管理员", hash);
        let rows = [
            (
                "operator.taibus",
                Centre,
                TAIBUS,
                Role::Operator,
                "旗中心工作人员",
                "太仆寺旗公共资源交易中心（样例）",
                "Taibus Banner Public Resource Trading Centre (sample)",
            ),
            (
                "purchaser.league",
                Purchaser,
                LEAGUE,
                Role::Purchaser,
                "盟本级采购人经办",
                "锡林郭勒盟本级采购人（样例）",
                "Purchaser of Xilingol League (sample)",
            ),
            (
                "purchaser.taibus",
                Purchaser,
                TAIBUS,
                Role::Purchaser,
                "旗采购人经办",
                "太仆寺旗采购人（样例）",
                "Purchaser of Taibus Banner (sample)",
            ),
            (
                "agency.one",
                Agency,
                LEAGUE,
                Role::Agency,
                "代理机构一经办",
                "代理机构一（样例）",
                "Agency One (sample)",
            ),
            (
                "agency.two",
                Agency,
                LEAGUE,
                Role::Agency,
                "代理机构二经办",
                "代理机构二（样例）",
                "Agency Two (sample)",
            ),
            (
                "supervisor.office",
                SupervisingBody,
                LEAGUE,
                Role::SupervisorOffice,
                "公管办监督人员",
                "锡林郭勒盟公共资源交易监督管理办公室（样例）",
                "Supervision Office of Xilingol League (sample)",
            ),
            (
                "supervisor.finance",
                SupervisingBody,
                LEAGUE,
                Role::SupervisorFinance,
                "财政监督人员",
                "锡林郭勒盟财政部门（样例）",
                "Finance Department of Xilingol League (sample)",
            ),
            (
                "supervisor.development",
                SupervisingBody,
                LEAGUE,
                Role::SupervisorDevelopment,
                "发改监督人员",
                "锡林郭勒盟发展改革部门（样例）",
                "Development and Reform Department of Xilingol League (sample)",
            ),
            (
                "supervisor.audit",
                SupervisingBody,
                LEAGUE,
                Role::SupervisorAudit,
                "审计监督人员",
                "锡林郭勒盟审计部门（样例）",
                "Audit Department of Xilingol League (sample)",
            ),
            (
                "supervisor.discipline",
                SupervisingBody,
                LEAGUE,
                Role::SupervisorDiscipline,
                "监察人员",
                "锡林郭勒盟监察部门（样例）",
                "Discipline Department of Xilingol League (sample)",
            ),
            (
                "supervisor.industry",
                SupervisingBody,
                LEAGUE,
                Role::SupervisorIndustry,
                "行业监督人员",
                "锡林郭勒盟住房城乡建设部门（样例）",
                "Housing and Construction Department of Xilingol League (sample)",
            ),
        ];
        for (login, kind, region, role, display, zh, en) in rows {
            let centre = (kind == Centre).then_some(region);
            let organisation = self.organisation(kind, region, centre, login, (zh, en))?;
            self.person(login, organisation, role, display, hash);
        }
        Ok(())
    }

    /// Each expert is a person of an own unit, so that recusal by unit can be tried.
    fn experts(&mut self, hash: &str) -> Result<(), Problem> {
        for number in 1..=EXPERTS {
            let login = format!("expert.{number:03}");
            let (zh, en) = (
                format!("评审专家工作单位{number:03}（样例）"),
                format!("Expert's Unit {number:03} (sample)"),
            );
            let unit = self.organisation(OrganisationKind::Enterprise, LEAGUE, None, &login, (&zh, &en))?;
            self.person(&login, unit, Role::Expert, &format!("评审专家{number:03}"), hash);
        }
        Ok(())
    }

    /// Every enterprise of the recorded opening with its program and enrolled key.
    fn bidders(&mut self, password: &str, now: chrono::DateTime<chrono::Utc>) -> Result<(), Problem> {
        let secret = passwords::secret_hash(password);
        for (row, number) in OPENING.lines().skip(1).zip(1_u32..) {
            let mut columns = row.split(',').skip(1);
            let (Some(uscc), Some(name)) = (columns.next(), columns.next()) else {
                return Err(anyhow::anyhow!("demo/opening-1528.csv: row {number} has too few columns").into());
            };
            let uscc = Uscc::try_from(uscc.to_owned())
                .map_err(|why| anyhow::anyhow!("demo/opening-1528.csv: row {number}: {why}"))?;
            let login = format!("bidder.{number:04}");
            let organisation = OrganisationId::random();
            self.organisations.push(NewOrganisation {
                id: organisation,
                kind: OrganisationKind::Enterprise,
                name: Say::new(name, format!("Bidder {number:04}")),
                region_code: region_of(&uscc),
                uscc: Some(uscc.into()),
                centre_code: None,
                email: format!("{login}@sandbox.invalid"),
            });
            let account = self.account(&login, organisation, Role::Bidder, name, NewProof::Secret(secret));
            let key = Secret::from_bytes(&sandbox_signing_key(password, &login));
            let public_key = *key.verifying_key().as_bytes();
            let proof = key.sign(&enrolment_text(organisation, &public_key)).to_bytes();
            let key =
                SigningKey { id: Uuid::new_v4(), organisation, public_key, valid_from: now, valid_to: None };
            self.keys.push((key, proof, account));
        }
        Ok(())
    }

    fn organisation(
        &mut self,
        kind: OrganisationKind,
        region: &str,
        centre: Option<&str>,
        login: &str,
        (zh, en): (&str, &str),
    ) -> Result<OrganisationId, Problem> {
        let id = OrganisationId::random();
        self.organisations.push(NewOrganisation {
            id,
            kind,
            name: Say::new(zh, en),
            uscc: Some(sample_uscc(kind, region, self.organisations.len())?),
            region_code: region.to_owned(),
            centre_code: centre.map(str::to_owned),
            email: format!("{login}@sandbox.invalid"),
        });
        Ok(id)
    }

    fn person(&mut self, login: &str, organisation: OrganisationId, role: Role, display: &str, hash: &str) {
        // Chosen by whoever founds the sandbox, and the same for all of its people: nothing to be changed first.
        let proof = NewProof::Password { hash: hash.to_owned(), person: Uuid::new_v4(), first: false };
        self.account(login, organisation, role, display, proof);
    }

    fn account(
        &mut self,
        login: &str,
        organisation: OrganisationId,
        role: Role,
        display: &str,
        proof: NewProof,
    ) -> AccountId {
        let id = AccountId::random();
        self.accounts.push(NewAccount {
            id,
            login: login.to_owned(),
            organisation,
            display_name: display.to_owned(),
            proof,
            role,
            role_row: Uuid::new_v4(),
        });
        id
    }
}

/// A code whose check character holds (GB 32100-2015): department and kind, region, `MB` and a serial number.
fn sample_uscc(kind: OrganisationKind, region: &str, serial: usize) -> Result<String, Problem> {
    let head = match kind {
        OrganisationKind::Enterprise | OrganisationKind::Agency => "91",
        OrganisationKind::Centre => "12",
        OrganisationKind::Purchaser | OrganisationKind::SupervisingBody => "11",
    };
    Uscc::complete(&format!("{head}{region}MB{serial:07}")).map(String::from).map_err(Problem::internal)
}

/// The division in a credit code (characters 3 to 8), or the league where there is none.
fn region_of(uscc: &Uscc) -> String {
    match uscc.as_str().get(2..8) {
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0') => {
            digits.into()
        }
        _ => LEAGUE.into(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_sandbox_has_every_account_once() {
        let mut people = People::default();
        people.bodies("hash").unwrap();
        people.experts("hash").unwrap();
        people.bidders("word", crate::kernel::time::machine_now()).unwrap();
        let logins: HashSet<&str> = people.accounts.iter().map(|one| one.login.as_str()).collect();
        assert_eq!((people.accounts.len(), logins.len()), (13 + 40 + 1528, 13 + 40 + 1528));
        for login in
            ["operator.taibus", "purchaser.league", "agency.two", "expert.040", "bidder.1528", "admin"]
        {
            assert!(logins.contains(login), "{login}");
        }
        let codes: HashSet<_> = people.organisations.iter().filter_map(|one| one.uscc.clone()).collect();
        assert_eq!(codes.len(), people.organisations.len());
        let first = people.organisations.iter().find(|one| one.name.zh == "投标人0001").unwrap();
        assert_eq!(first.uscc.as_deref(), Some("911525257G888273XG"));
        assert_eq!(people.keys.len(), 1528);
    }

    #[test]
    fn a_sandbox_key_depends_on_password_and_login() {
        assert_ne!(sandbox_signing_key("a", "bidder.0001"), sandbox_signing_key("a", "bidder.0002"));
        assert_ne!(sandbox_signing_key("a", "bidder.0001"), sandbox_signing_key("b", "bidder.0001"));
    }
}
