import os

import pytest

from macro.cli.preview.watch import look, watch
from macro.cli.text.files import FileError

TEMPLATE = "Resources: {Visits: {Type: HitCounter, Properties: {Code: ./code}}}\n"


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.yaml").write_text(TEMPLATE)
    (tmp_path / "values.json").write_text("{}")
    (tmp_path / "code" / "inner").mkdir(parents=True)
    (tmp_path / "code" / "inner" / "index.py").write_text("1")
    return tmp_path


def has_changed(snapshot):
    return look(snapshot) != snapshot.stamps


def test_nothing_has_changed_at_first(here):
    snapshot = watch("t.yaml", [here / "values.json"])

    assert snapshot.source.text == TEMPLATE
    assert not has_changed(snapshot)


def replace(file):
    (file.parent / "draft").write_text(file.read_text())
    os.utime(file.parent / "draft", (1, 1))
    (file.parent / "draft").replace(file)


@pytest.mark.parametrize("name", ["t.yaml", "values.json", "code/inner/index.py"])
@pytest.mark.parametrize(
    "change", [lambda file: file.write_text("longer text"), os.remove, replace], ids=["longer", "gone", "replaced"]
)
def test_a_file_that_belongs_to_it_is_noticed_when_it_changes(here, name, change):
    snapshot = watch("t.yaml", [here / "values.json"])

    change(here / name)

    assert has_changed(snapshot)


def test_a_file_that_is_new_in_the_code_is_noticed(here):
    snapshot = watch("t.yaml")

    (here / "code" / "new.py").touch()

    assert has_changed(snapshot)


def test_what_is_not_packed_is_not_looked_at(here):
    snapshot = watch("t.yaml")

    (here / "code" / "__pycache__").mkdir()
    (here / "code" / "__pycache__" / "index.pyc").touch()
    (here / "code" / ".DS_Store").touch()
    (here / "other").touch()

    assert not has_changed(snapshot)


def test_code_that_is_not_there_yet_is_noticed_when_it_comes(here):
    (here / "t.yaml").write_text(TEMPLATE.replace("./code", "./later"))
    snapshot = watch("t.yaml")

    (here / "later").write_text("code")

    assert has_changed(snapshot)


def test_a_template_that_is_not_there_can_not_be_watched(here):
    with pytest.raises(FileError) as error:
        watch("none.yaml")

    assert str(error.value) == "can't be read: No such file or directory"
