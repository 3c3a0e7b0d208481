"""How fast each connector reads, in how much memory, and how fast postcodes are routed.

    make bench-adapters                       # 100,000 records a format; writes bench-out/adapters.json
    make bench-adapters ADAPTERS='--records 20000 --formats csv,nccis'

Each format is read in a process of its own, as `hub read` reads it, so that its peak memory is the
process's (interpreter and libraries included). The files are made beforehand of made-up people, into a
folder that is removed again; making them is not timed. Times are CPU time, because other work on the
machine is no part of reading; wall-clock times stand beside them.
"""

import argparse
import csv
import gzip
import json
import os
import platform
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import adapters
from adapters.jsonl_file import write_line
from adapters.member.files import open_rows
from adapters.member.routing import authority_of
from adapters.move import Address, Move

ROOT = Path(__file__).parent.parent
MOST_MIB, LEAST_ROUTED = 150, 200_000
SEED = 20_261_121
NAMES = ("Asha", "Ben", "Cara", "Dev", "Eli", "Farah", "Gwen", "Hal", "Zoë", "Anne-Marie")
HEADERS = (
    "Forename",
    "Surname",
    "DOB",
    "Postcode",
    "UPN",
    "ULN",
    "Address line 1",
    "Town",
    "Activity code",
    "Start date",
)


def rows(count: int) -> Iterator[tuple[str, ...]]:
    """Made-up people, one after the other; the same on every run."""
    chance, codes = random.Random(SEED), postcodes()
    for number in range(count):
        born = date(2008, 9, 1) + timedelta(days=chance.randrange(730))
        yield (
            chance.choice(NAMES),
            f"Sample{number:06d}",
            born.isoformat(),
            chance.choice(codes),
            "",
            f"{1_000_000_000 + number}",
            f"{chance.randrange(1, 200)} Example Road",
            "Maidstone",
            "230",
            "2026-09-07",
        )


def postcodes() -> list[str]:
    """Postcodes that have the form of today's, as people write them."""
    table = Path(adapters.__file__).parent / "data" / "postcode_ranges_la.csv.gz"
    with gzip.open(table, "rt", encoding="ascii") as text:
        starts = [row[0] for row in list(csv.reader(text))[1:]]
    return [f"{start[:-3]} {start[-3:]}" for start in starts if not start.startswith("NPT")]


def write_csv(path: Path, count: int) -> None:
    """A list as a tracker exports it."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(HEADERS)
        writer.writerows(rows(count))


def write_xlsx(path: Path, count: int) -> None:
    """The same as a workbook."""
    from openpyxl import Workbook  # noqa: PLC0415 - only this writer needs it, and readers are measured

    book = Workbook(write_only=True)
    sheet = book.create_sheet("Leavers")
    sheet.append(HEADERS)
    for row in rows(count):
        sheet.append(row)
    book.save(path)


def write_jsonl(path: Path, count: int) -> None:
    """The same as JSON lines."""
    with path.open("w", encoding="utf-8") as stream:
        for given, family, born, code, _, uln, line, town, activity, start in rows(count):
            home = Address((line, town), code)
            move = Move(
                "", given, family, date.fromisoformat(born), to_address=home, uln=uln, activity=activity
            )
            stream.write(write_line(move).replace("}", f',"start":"{start}"}}') + "\n")


NCCIS = """<YoungPersonsRecord><PersonalDetails><YoungPersonsID>886{n:010d}</YoungPersonsID>
<CohortStatus>P</CohortStatus><GivenName>{given}</GivenName><MiddleName></MiddleName><FamilyName>{family}</FamilyName>
<AddressLine1>{line}</AddressLine1><AddressLine2></AddressLine2><AddressLine3></AddressLine3><AddressLine4>
</AddressLine4><Town>{town}</Town><County></County><Postcode>{code}</Postcode><Gender>U</Gender><DOB>{born}</DOB>
<Ethnicity>NOBT</Ethnicity><LeadLEA>886</LeadLEA><EducatedLEA>886</EducatedLEA><TransferredToLACode>
</TransferredToLACode><LEACodeAtYear11>886</LEACodeAtYear11><UniqueLearnerNo>{uln}</UniqueLearnerNo>
<UniquePupilNumber></UniquePupilNumber><GuaranteeStatusIndicator>N</GuaranteeStatusIndicator>
<PreviousYPIDIdentifier></PreviousYPIDIdentifier></PersonalDetails><SeptemberGuarantee></SeptemberGuarantee>
<LevelOfNeed><LevelOfNeedCode>3</LevelOfNeedCode><SENDFlag>N</SENDFlag></LevelOfNeed>
<Activities><Cohort><ActivityCode>230</ActivityCode><StartDate>{start}</StartDate><DateAscertained>2026-09-10
</DateAscertained><DateVerified>2026-10-12</DateVerified><ReviewDate></ReviewDate><DueToLapseDate>2027-08-31
</DueToLapseDate><CurrencyLapsed>N</CurrencyLapsed><EstablishmentNumber>8869999</EstablishmentNumber>
<EstablishmentName>Sample College</EstablishmentName><UKProviderReferenceNumber>10000001
</UKProviderReferenceNumber><NEETStartDate></NEETStartDate><PredictedEndDate>2028-07-31</PredictedEndDate></Cohort>
</Activities></YoungPersonsRecord>
"""
CTF = """<Pupil><UPN></UPN><Surname>{family}</Surname><Forename>{given}</Forename><DOB>{born}</DOB>
<Sex>F</Sex><Address><PAON>{line}</PAON><Town>{town}</Town><PostCode>{code}</PostCode></Address></Pupil>
"""
ILR = """<Learner><LearnRefNumber>L{n}</LearnRefNumber><ULN>{uln}</ULN><FamilyName>{family}</FamilyName>
<GivenNames>{given}</GivenNames><DateOfBirth>{born}</DateOfBirth><Ethnicity>99</Ethnicity><Sex>F</Sex>
<LLDDHealthProb>9</LLDDHealthProb><PostcodePrior>{code}</PostcodePrior><Postcode>{code}</Postcode>
<AddLine1>{line}</AddLine1><LearningDelivery><LearnAimRef>ZPROG001</LearnAimRef><AimType>1</AimType><AimSeqNumber>1
</AimSeqNumber><LearnStartDate>{start}</LearnStartDate><LearnPlanEndDate>2027-07-17</LearnPlanEndDate><FundModel>25
</FundModel><DelLocPostCode>ZZ9 9ZZ</DelLocPostCode><CompStatus>1</CompStatus></LearningDelivery></Learner>
"""
NCCIS_HEAD = """<NCCIS><FileHeader><Databases><DatabaseID>886</DatabaseID></Databases>
<SourceLEAs><LEACode>886</LEACode></SourceLEAs><PeriodEnd>2026-10-31</PeriodEnd></FileHeader>"""
CTF_HEAD = """<CTfile><Header><CTFversion>25.0</CTFversion><DateTime>2026-10-05</DateTime>
<SourceSchool><LEA>886</LEA><Estab>4999</Estab></SourceSchool>
<DestSchool><LEA>884</LEA><Estab>4999</Estab></DestSchool></Header><CTFpupilData>"""
ILR_HEAD = """<Message xmlns="ESFA/ILR/2026-27"><Header><CollectionDetails><Year>2627</Year>
</CollectionDetails></Header><LearningProvider><UKPRN>10000001</UKPRN></LearningProvider>"""
XML = {
    "nccis": (NCCIS_HEAD, NCCIS, "</NCCIS>"),
    "ctf": (CTF_HEAD, CTF, "</CTFpupilData></CTfile>"),
    "ilr": (ILR_HEAD, ILR, "</Message>"),
}


def write_xml(name: str) -> Callable[[Path, int], None]:
    """The same people in an XML format."""
    head, one, tail = XML[name]

    def write(path: Path, count: int) -> None:
        with path.open("w", encoding="utf-8") as stream:
            stream.write(head)
            for number, row in enumerate(rows(count)):
                given, family, born, code, _, uln, line, town, _, start = map(escape, row)
                facts = {"given": given, "family": family, "born": born, "code": code, "uln": uln}
                stream.write(one.format(n=number, line=line, town=town, start=start, **facts))
            stream.write(tail)

    return write


WRITERS: dict[str, Callable[[Path, int], None]] = {
    "csv": write_csv,
    "xlsx": write_xlsx,
    "jsonl": write_jsonl,
    "nccis": write_xml("nccis"),
    "ctf": write_xml("ctf"),
    "ilr": write_xml("ilr"),
}


def read(path: Path) -> dict[str, Any]:
    """Read a file as `hub read` does, in this process; say what it took."""
    before = resource.getrusage(resource.RUSAGE_SELF)
    began = time.perf_counter()
    found = open_rows(path)
    for _ in found:
        pass
    wall = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "format": found.format.name,
        "rows": found.read,
        "problems": len(found.problems),
        "cpu_s": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        "wall_s": wall,
        "peak_mib": peak_mib(),
    }


def peak_mib() -> float:
    """The most memory that this process had; `ru_maxrss` would count what its parent had before it began."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:"))


def measured(name: str, count: int, folder: Path) -> dict[str, Any]:
    """Make a file, read it in a process of its own, remove it."""
    path = folder / f"people.{name}"
    WRITERS[name](path, count)
    words = [sys.executable, __file__, "--read", str(path)]
    told = subprocess.run(words, check=True, capture_output=True, text=True, cwd=ROOT)
    took = json.loads(told.stdout)
    if (took["format"], took["rows"]) != (name, count):
        raise AssertionError(f"{name}: {took['rows']} rows of {count}, read as {took['format']}")
    size = path.stat().st_size
    path.unlink()
    return {
        "records": count,
        "file_mib": round(size / 1024 / 1024, 1),
        "rows_per_cpu_s": round(count / took["cpu_s"]),
        "rows_per_s": round(count / took["wall_s"]),
        "peak_mib": round(took["peak_mib"], 1),
        "problems": took["problems"],
    }


def routed(count: int) -> dict[str, Any]:
    """Postcodes a second, in the order of chance; the table is read beforehand."""
    codes = random.Random(SEED).choices(postcodes(), k=count)
    authority_of(codes[0])
    began = time.process_time(), time.perf_counter()
    for code in codes:
        authority_of(code)
    cpu, wall = time.process_time() - began[0], time.perf_counter() - began[1]
    return {"postcodes": count, "per_cpu_s": round(count / cpu), "per_s": round(count / wall)}


def main() -> None:
    """Measure, print, write; no figure can fail the run."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, default=Path("bench-out/adapters.json"))
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--formats", default=",".join(WRITERS))
    parser.add_argument("--read", type=Path, help="read this file here and say what it took")
    asked = parser.parse_args()
    if asked.read is not None:
        print(json.dumps(read(asked.read)))
        return
    report: dict[str, Any] = {
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "load_before": os.getloadavg()[0],
        "goals": {"peak_mib_at_most": MOST_MIB, "postcodes_per_s_at_least": LEAST_ROUTED},
        "connectors": {},
    }
    with tempfile.TemporaryDirectory() as folder:
        for name in asked.formats.split(","):
            report["connectors"][name] = took = measured(name, asked.records, Path(folder))
            print(
                f"{name:6} {took['rows_per_cpu_s']:8,} rows/s of CPU time, peak {took['peak_mib']:6.1f} MiB"
            )
    report["routing"] = took = routed(1_000_000)
    print(f"routed {took['per_cpu_s']:8,} postcodes/s of CPU time ({took['per_s']:,} by the clock)")
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    asked.out.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
