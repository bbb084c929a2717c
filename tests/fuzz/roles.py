"""Runs schemathesis against a played sandbox hall, once for every role.

    roles.py ADDRESS PASSWORD FOLDER

Every path that names a thing is given the ids of things the hall really has, beside the made-up ones that
schemathesis draws, so that calls get beyond 404. The sandbox clock is left alone: moving it would end the game.
"""

import json
import pathlib
import subprocess
import sys

import requests

# Everybody who acts in a trade, the public among them.
ROLES = [
    "admin",
    "agency.one",
    "purchaser.taibus",
    "operator.league",
    "supervisor.office",
    "expert.001",
    "bidder.0001",
    None,
]
SEED = 20260209
# Seconds for one role, beyond which its run ends; all of them together stay below five minutes.
MOST_SECONDS = 35
CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
]


class Hall:
    def __init__(self, address, password):
        self.address = address
        self.password = password
        # Taken before the game begins: made-up logins soon lock real accounts out for a while.
        self.tokens = {login: self.token(login) for login in ROLES if login}

    def token(self, login):
        if login.startswith("bidder."):
            form = {"grant_type": "client_credentials", "client_id": login, "client_secret": self.password}
        else:
            form = {"grant_type": "password", "username": login, "password": self.password}
        answer = requests.post(f"{self.address}/api/v1/auth/token", data=form, timeout=60)
        answer.raise_for_status()
        return answer.json()["access_token"]

    def get(self, login, path):
        headers = {"Authorization": f"Bearer {self.tokens[login]}"}
        answer = requests.get(self.address + path, headers=headers, timeout=60)
        answer.raise_for_status()
        return answer.json()

    def ids(self, login, path):
        answer = self.get(login, path)
        return [item["id"] for item in (answer if isinstance(answer, list) else answer["items"])]

    def places(self):
        """Ids of real things by the beginning of the paths that take them."""
        tenders = self.ids("agency.one", "/api/v1/tenders")
        draws = [self.ids("agency.one", f"/api/v1/tenders/{tender}/draws") for tender in tenders]
        bookings = [self.ids("agency.one", f"/api/v1/bookings?tender={tender}") for tender in tenders]
        return {
            "/api/v1/awards/": self.ids("supervisor.office", "/api/v1/awards"),
            "/api/v1/bids/": self.ids("bidder.0001", "/api/v1/bids"),
            "/api/v1/bookings/": sum(bookings, []),
            "/api/v1/draws/": sum(draws, []),
            "/api/v1/notices/": self.ids("agency.one", "/api/v1/notices"),
            "/api/v1/organisations/": [self.get("bidder.0001", "/api/v1/auth/me")["organisation"]["id"]],
            "/api/v1/projects/": self.ids("agency.one", "/api/v1/projects"),
            "/api/v1/tenders/": tenders,
        }


def described(hall, places):
    """The hall's own description, in which every id of a path is one of the hall's or any other."""
    description = requests.get(f"{hall.address}/api/openapi.json", timeout=60).json()
    for path, item in description["paths"].items():
        known = next((ids for begin, ids in places.items() if path.startswith(begin + "{id}")), None)
        for operation in item.values():
            for parameter in operation.get("parameters", []):
                if known is not None and parameter["in"] == "path" and parameter["name"] == "id":
                    if not known:
                        sys.exit(f"the hall has nothing for {path}")
                    made_up = "00000000-0000-4000-8000-000000000000"
                    parameter["schema"] = {"type": "string", "enum": [*known[:4], made_up]}
    return description


def run(hall, login, description, folder):
    name = login or "public"
    print(f"\n== fuzz as {name}", flush=True)
    command = [
        pathlib.Path(sys.executable).with_name("st"),
        "run",
        description,
        f"--url={hall.address}",
        "--exclude-path=/api/v1/sandbox/clock",
        f"--checks={','.join(CHECKS)}",
        "--phases=examples,coverage,fuzzing",
        "--max-examples=8",
        f"--seed={SEED}",
        "--continue-on-failure",
        f"--max-time={MOST_SECONDS}",
        "--request-timeout=30",
        "--suppress-health-check=all",
        "--warnings=off",
        "--no-color",
    ]
    if login:
        command.append(f"--header=Authorization: Bearer {hall.tokens[login]}")
    return subprocess.run(command, cwd=folder, check=False).returncode


def main():
    address, password, folder = sys.argv[1:]
    hall, folder = Hall(address, password), pathlib.Path(folder)
    description = folder / "openapi.json"
    description.write_text(json.dumps(described(hall, hall.places())), encoding="utf-8")
    failed = [login or "public" for login in ROLES if run(hall, login, description, folder) != 0]
    if failed:
        sys.exit(f"schemathesis found faults as {', '.join(failed)}")


main()
