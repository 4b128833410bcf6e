"""A hand-written stack keeps its counts after its template is converted."""

import re
from textwrap import dedent

import pytest

from tests.support.deploying import hit, new_name

pytestmark = pytest.mark.thorough

TEMPLATE = """\
Resources:
  VisitsTable:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: name, AttributeType: S}]
      KeySchema: [{AttributeName: name, KeyType: HASH}]
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: sts:AssumeRole}]
      Policies:
        - PolicyName: count
          PolicyDocument:
            Version: "2012-10-17"
            Statement: [{Effect: Allow, Action: dynamodb:UpdateItem, Resource: !GetAtt VisitsTable.Arn}]
  Count:
    Type: AWS::Lambda::Function
    Properties:
      Code: ./handler
      Handler: index.handler
      Runtime: python3.13
      Role: !GetAtt Role.Arn
      Environment: {Variables: {TABLE: !Ref VisitsTable}}
  Api:
    Type: AWS::ApiGateway::RestApi
    Properties: {Name: visits}
  Name:
    Type: AWS::ApiGateway::Resource
    Properties: {RestApiId: !Ref Api, ParentId: !GetAtt Api.RootResourceId, PathPart: "{name}"}
  Get:
    Type: AWS::ApiGateway::Method
    Properties:
      RestApiId: !Ref Api
      ResourceId: !Ref Name
      HttpMethod: GET
      AuthorizationType: NONE
      Integration:
        Type: AWS_PROXY
        IntegrationHttpMethod: POST
        Uri: !Sub arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Count.Arn}/invocations
  Deployment:
    Type: AWS::ApiGateway::Deployment
    DependsOn: Get
    Properties: {RestApiId: !Ref Api}
  Live:
    Type: AWS::ApiGateway::Stage
    Properties: {RestApiId: !Ref Api, DeploymentId: !Ref Deployment, StageName: live}
  Permission:
    Type: AWS::Lambda::Permission
    Properties: {FunctionName: !Ref Count, Action: lambda:InvokeFunction, Principal: apigateway.amazonaws.com}
Outputs:
  Url: {Value: !Sub "https://${Api}.execute-api.${AWS::Region}.amazonaws.com/live/{name}"}
  Table: {Value: !Ref VisitsTable}
"""
CODE = """\
import boto3, os
table = boto3.resource("dynamodb").Table(os.environ["TABLE"])

def handler(event, context):
    answer = table.update_item(
        Key={"name": event["pathParameters"]["name"]},
        UpdateExpression="ADD hits :one",
        ExpressionAttributeValues={":one": 1},
        ReturnValues="UPDATED_NEW",
    )
    return {"statusCode": 200, "body": str(answer["Attributes"]["hits"])}
"""


def test_a_counter_keeps_counting_after_a_conversion(cloud, command, tmp_path):
    stack, template, code = new_name(), tmp_path / "template.yaml", tmp_path / "handler" / "index.py"
    code.parent.mkdir()
    code.write_text(CODE, "utf-8")
    template.write_text(TEMPLATE, "utf-8")
    before = cloud.deploy(template, stack)
    hits = [hit(before["Url"], "home"), hit(before["Url"], "home")]

    converted, _, notes = command("convert", template, "-o", template)
    reader = re.search(r"before it reads the environment:\n((?: {13}.*\n)+)", notes)[1]
    code.write_text(dedent(reader) + CODE, "utf-8")
    told = cloud.run("diff", stack, template)
    after = cloud.deploy(template, stack)

    hits += [hit(after["Url"], "home"), hit(after["Url"], "home")]
    assert (converted, hits) == (0, [1, 2, 3, 4])
    assert after["Table"] == before["Table"]
    assert told.out.startswith("Visits changes:\n  all counts are kept\n  its URL changes\n")
