"""Counters of a deployed stack, found in what CloudFormation keeps of it."""

import pytest

from macro.cli.cloud.observe.deployed import Deployed, Part, choose_parts, read_deployed
from macro.cli.cloud.stack.errors import CloudError
from tests.macro.cli.cloud.observe.deployment import function, plain, report
from tests.support.fake_aws import Refusal

PARTS = Deployed([Part("Visits", "", "t", 1, "g"), Part("Pages", "dev", "t", 1, "g")], {})


def compact(**properties):
    return {"Resources": {name: {"Type": "HitCounter", "Properties": each} for name, each in properties.items()}}


def test_tables_shards_and_logs_are_those_of_each_counter(account, aws):
    report(aws, plain("Likes", Visits=function("Visits", shards="8")), compact(Likes={}, Visits={}))

    deployed = read_deployed(account, "hits")

    assert deployed.parts == [
        Part("Likes", "", "hits-LikesTable", 1, "hits-LikesLogGroup"),
        Part("Visits", "", "hits-VisitsTable", 8, "hits-VisitsLogGroup"),
    ]
    assert deployed.access_logs == {
        "LikesAccessLog": "hits-LikesAccessLog",
        "VisitsAccessLog": "hits-VisitsAccessLog",
    }


def test_stages_are_called_as_the_author_calls_them(account, aws):
    template = plain("PagesDev", "PagesProdeu", "PagesOld")
    template["Resources"]["PagesProdeuStage"] = {
        "Type": "AWS::ApiGateway::Stage",
        "Properties": {"StageName": "prod-eu"},
    }
    template["Resources"]["PagesDevStage"] = {"Type": "AWS::ApiGateway::Stage", "Properties": {"StageName": "dev"}}
    report(aws, template, compact(Pages={}))

    deployed = read_deployed(account, "hits")

    assert [part.label for part in deployed.parts] == ["Pages/dev", "Pages/prod-eu", "Pages/Old"]


def test_a_counter_whose_name_begins_anothers_is_itself(account, aws):
    report(aws, plain("Visits", "VisitsDev"), compact(Visits={}, VisitsDev={}))

    assert [part.counter for part in read_deployed(account, "hits").parts] == ["Visits", "VisitsDev"]


def test_a_template_that_was_expanded_before_tells_counters_by_their_methods(account, aws):
    template = plain("PagesDev", "LikesDev", "NewsProdeu")
    template["Resources"]["PagesMethod"] = {"Type": "AWS::ApiGateway::Method"}
    template["Resources"]["LikesRoute"] = {"Type": "AWS::ApiGatewayV2::Route"}
    template["Resources"]["NewsGateway"] = {
        "Type": "Custom::APIGatewayResource",
        "Properties": {"Stages": {"prod-eu": {}}},
    }
    report(aws, template)

    labels = [part.label for part in read_deployed(account, "hits").parts]

    assert labels == ["Pages/Dev", "Likes/Dev", "News/prod-eu"]


def test_a_table_named_by_text_is_known_and_another_form_is_not(account, aws):
    named = function("Visits")
    named["Properties"]["Env"]["table"] = "own-table"
    joined = function("Likes")
    joined["Properties"]["Env"]["table"] = {"Fn::Join": ["", ["a", "b"]]}
    report(aws, plain(Visits=named, Likes=joined))

    assert [part.table for part in read_deployed(account, "hits").parts] == ["own-table", ""]


def test_what_a_condition_left_out_or_a_rollback_took_is_not_there(account, aws):
    report(aws, plain("Visits", "Likes"), missing=["LikesFunction", "VisitsTable"])

    (part,) = read_deployed(account, "hits").parts

    assert (part.counter, part.table) == ("Visits", "")


def test_a_stack_that_is_not_there_is_told(account, aws):
    aws.answer("DescribeStacks", Refusal("ValidationError", "Stack with id hits does not exist"))

    with pytest.raises(CloudError) as error:
        read_deployed(account, "hits")

    assert str(error.value) == "there is no stack hits in account 123456789012, eu-central-1"


def test_a_stack_without_counters_is_told(account, aws):
    report(aws, {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}})

    with pytest.raises(CloudError) as error:
        read_deployed(account, "hits")

    assert str(error.value) == "the stack hits has no counters"


def test_a_counter_and_a_stage_can_be_chosen():
    assert choose_parts(PARTS, "hits", None, None) == PARTS.parts
    assert choose_parts(PARTS, "hits", "Visits", None) == [PARTS.parts[0]]
    assert choose_parts(PARTS, "hits", "Pages", "dev") == [PARTS.parts[1]]
    assert choose_parts(PARTS, "hits", None, "dev") == [PARTS.parts[1]]


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        (("Visit", None), "the stack hits has no counter 'Visit'; it has Visits, Pages; did you mean 'Visits'?"),
        (("Pages", "prd"), "the stack hits has no stage 'prd'; it has dev"),
        (("Visits", "dev"), "the stack hits has no stage 'dev'; it has no stages"),
    ],
)
def test_what_is_not_there_is_told_with_what_is(chosen, message):
    with pytest.raises(CloudError) as error:
        choose_parts(PARTS, "hits", *chosen)

    assert str(error.value) == message
