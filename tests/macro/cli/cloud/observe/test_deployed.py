"""The counters of a deployed stack, found in the templates and resources that CloudFormation keeps."""

import pytest

from macro.cli.cloud.observe.deployed import Deployed, Part, choose_parts, read_deployed
from macro.cli.cloud.stack.errors import CloudError
from tests.macro.cli.cloud.observe.deployment import function, plain, report
from tests.support.fake_aws import Refusal

PARTS = Deployed([Part("Visits", "", "t", 1, "g"), Part("Pages", "dev", "t", 1, "g")], {})


def compact(**properties):
    return {"Resources": {name: {"Type": "HitCounter", "Properties": each} for name, each in properties.items()}}


def test_each_counter_has_its_table_shards_and_log_group(account, aws):
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


def test_stages_have_the_authors_names(account, aws):
    template = plain("PagesDev", "PagesProdeu", "PagesOld")
    template["Resources"]["PagesProdeuStage"] = {
        "Type": "AWS::ApiGateway::Stage",
        "Properties": {"StageName": "prod-eu"},
    }
    template["Resources"]["PagesDevStage"] = {"Type": "AWS::ApiGateway::Stage", "Properties": {"StageName": "dev"}}
    report(aws, template, compact(Pages={}))

    deployed = read_deployed(account, "hits")

    assert [part.label for part in deployed.parts] == ["Pages/dev", "Pages/prod-eu", "Pages/Old"]


def test_a_counter_whose_name_begins_another_name_is_distinct(account, aws):
    report(aws, plain("Visits", "VisitsDev"), compact(Visits={}, VisitsDev={}))

    assert [part.counter for part in read_deployed(account, "hits").parts] == ["Visits", "VisitsDev"]


def test_counters_of_an_expanded_template_are_found_by_their_methods(account, aws):
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


def test_only_a_literal_or_referenced_table_name_is_found(account, aws):
    named = function("Visits")
    named["Properties"]["Env"]["table"] = "own-table"
    joined = function("Likes")
    joined["Properties"]["Env"]["table"] = {"Fn::Join": ["", ["a", "b"]]}
    report(aws, plain(Visits=named, Likes=joined))

    assert [part.table for part in read_deployed(account, "hits").parts] == ["own-table", ""]


def test_resources_that_do_not_exist_are_left_out(account, aws):
    report(aws, plain("Visits", "Likes"), missing=["LikesFunction", "VisitsTable"])

    (part,) = read_deployed(account, "hits").parts

    assert (part.counter, part.table) == ("Visits", "")


def test_a_missing_stack_is_an_error(account, aws):
    aws.answer("DescribeStacks", Refusal("ValidationError", "Stack with id hits does not exist"))

    with pytest.raises(CloudError) as error:
        read_deployed(account, "hits")

    assert str(error.value) == "there is no stack hits in account 123456789012, eu-central-1"


def test_a_stack_without_counters_is_an_error(account, aws):
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
def test_an_unknown_counter_or_stage_is_reported_with_the_known_ones(chosen, message):
    with pytest.raises(CloudError) as error:
        choose_parts(PARTS, "hits", *chosen)

    assert str(error.value) == message
