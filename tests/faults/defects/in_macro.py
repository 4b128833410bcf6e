"""Defects of the macro, of what it generates, of the built-in handler and of the installation."""

from tests.faults.defects.defect import Defect

HERE = "tests/macro/"
ACCEPT = HERE + "test_accept.py::test_"
BUILTIN = HERE + "test_builtin.py::test_"
CLI = HERE + "test_cli.py::test_"
EXPAND = HERE + "test_expand.py::test_"
HANDLER = HERE + "test_handler.py::test_"
INSTALL = HERE + "test_install_template.py::test_"
LINT = HERE + "test_lint.py::test_"
LOCAL_CODE = HERE + "test_local_code.py::test_"
MAPPING = HERE + "test_mapping.py::test_"
PLUGIN = HERE + "test_plugin.py::test_"
POLICIES = HERE + "test_policies.py::test_"
RESOLVE = HERE + "test_resolve.py::test_"
SHARING = HERE + "test_sharing.py::test_"
STAGES = HERE + "test_stages.py::test_"
GOLDEN = ("tests/test_golden.py::test_a_compact_template_becomes_the_plain_one",)
BAD = ("tests/test_golden.py::test_a_bad_template_is_told_all_its_problems",)

COUNTING = (
    Defect(
        "a retry of ADD in the built-in handler",
        "macro/builtin/index.py",
        'DYNAMODB.update_item(**add(key), ReturnValues="UPDATED_NEW"), end)',
        'DYNAMODB.update_item(**add(key), ReturnValues="UPDATED_NEW"), end, repeatable=True)',
        (BUILTIN + "a_lost_answer_is_not_asked_for_again",),
    ),
    Defect(
        "an installation loses plug-ins unsaid",
        "macro/local/cloud/install.py",
        "if gone:",
        "if False:",
        (HERE + "cloud/test_install.py::test_plugins_that_stacks_may_need_are_not_lost_unsaid",),
    ),
    Defect(
        "the SDK repeats an ADD by itself",
        "macro/builtin/index.py",
        'retries={"total_max_attempts": 1}',
        'retries={"total_max_attempts": 4}',
        (BUILTIN + "a_lost_answer_is_not_asked_for_again",),
    ),
    Defect(
        "a throttled hit is lost",
        "macro/builtin/index.py",
        "elif not is_throttled(error):",
        "else:",
        (BUILTIN + "a_throttled_hit_is_tried_again_and_counted_once",),
    ),
    Defect(
        "a transaction has no token, so that a repeated one counts twice",
        "macro/builtin/index.py",
        "TransactItems=items, ClientRequestToken=token",
        "TransactItems=items",
        (BUILTIN + "an_exact_hit_is_a_transaction_with_the_requests_id_as_token",),
    ),
    Defect(
        "a repeated transaction picks another shard than its token's",
        "macro/builtin/index.py",
        "random.Random(token).randrange",
        "random.Random().randrange",
        (BUILTIN + "a_repeated_exact_hit_picks_the_same_shard",),
    ),
    Defect(
        "shards that were not read yet are left out of the sum",
        "macro/builtin/index.py",
        '        pending = answer.get("UnprocessedKeys")\n',
        "        pending = None\n",
        (BUILTIN + "a_table_that_answers_in_parts_is_read_to_the_end",),
    ),
    Defect(
        "hits from before there were shards are forgotten",
        "macro/builtin/index.py",
        "        names.append(name)\n",
        "        pass\n",
        (BUILTIN + "shards_spread_a_name_and_sum_it_up",),
    ),
    Defect(
        "a count may be cached on its way",
        "macro/builtin/index.py",
        ', "Cache-Control": "no-store"',
        "",
        (BUILTIN + "the_name_is_found_in_every_form_of_event",),
    ),
)

EXPANSION = (
    Defect(
        "DeletionPolicy is missing from the table",
        "macro/plugins/table.py",
        '        "DeletionPolicy": "Retain",\n',
        "",
        GOLDEN,
    ),
    Defect(
        "UpdateReplacePolicy is missing from the table",
        "macro/plugins/table.py",
        '        "UpdateReplacePolicy": "Retain",\n',
        "",
        GOLDEN,
    ),
    Defect(
        "the counter's own DeletionPolicy is dropped",
        "macro/build.py",
        "added[name] = own.get(name, resource[name])",
        "added[name] = resource[name]",
        GOLDEN,
    ),
    Defect(
        "the role may update any table",
        "macro/plugins/role.py",
        '_allow(_table_actions(values), values["table_arn"])',
        '_allow(_table_actions(values), "*")',
        GOLDEN,
    ),
    Defect(
        "the role has no boundary",
        "macro/plugins/role.py",
        '        "PermissionsBoundary": name_boundary(values["suffix"]),\n',
        "",
        GOLDEN,
    ),
    Defect(
        "roles are made outside of the path that the companion may pass",
        "macro/plugins/role.py",
        'ROLE_PATH = "/hitcounter/"',
        'ROLE_PATH = "/counter/"',
        (INSTALL + "the_companion_passes_the_roles_of_counters_and_no_role_of_the_installation",),
    ),
    Defect(
        "the deployment id does not depend on the integration",
        "macro/plugins/gateway_rest.py",
        'deployment_id = f"{prefix}Deployment{digest_snapshot(resources, mapping, values)}"',
        'deployment_id = f"{prefix}Deployment{digest_snapshot([*resources], mapping, values)}"',
        (EXPAND + "whatever_a_deployment_snapshots_makes_a_new_deployment",),
    ),
    Defect(
        "a parameter's value in the API deploys nothing",
        "macro/snapshot.py",
        "    for name in sorted(parameters):\n",
        "    for name in ():\n",
        (EXPAND + "another_value_of_a_parameter_in_the_api_is_a_new_deployment",),
    ),
    Defect(
        "a shared API is deployed before its methods are there",
        "macro/plugins/gateway_rest.py",
        '        **({"DependsOn": sure[0] if len(sure) == 1 else sure} if sure else {}),\n',
        "",
        (SHARING + "the_api_is_deployed_once_after_all_methods",),
    ),
    Defect(
        "a permission without SourceArn: any API may call the function",
        "macro/gateway.py",
        '            "SourceArn": substitute(source, "Api", api),\n',
        "",
        (STAGES + "each_stage_may_be_called_by_its_own_url_only",),
    ),
    Defect(
        "a permission is for every stage",
        "macro/gateway.py",
        "{arn}/{values['stage']}/{method}/",
        "{arn}/*/{method}/",
        (STAGES + "each_stage_may_be_called_by_its_own_url_only",),
    ),
    Defect(
        "a permission without SourceAccount",
        "macro/gateway.py",
        '            "SourceAccount": {"Ref": "AWS::AccountId"},\n',
        "",
        GOLDEN,
    ),
    Defect(
        "the throttle lets in more than the table takes",
        "macro/gateway.py",
        '(1 if values["exact"] is False else 2)',
        "1",
        (EXPAND + "a_gateway_lets_in_what_the_items_of_a_name_take",),
    ),
    Defect(
        "every stage calls the first stage's function",
        "macro/gateway.py",
        '{_name_variable(values): stage["function_name"]} if',
        '{_name_variable(values): values["stages"][0]["function_name"]} if',
        (STAGES + "the_stage_picks_the_function",),
    ),
    Defect(
        "a hostile name breaks out of the mapping",
        "macro/mapping.py",
        '"$util.escapeJavaScript($input.params(\'name\')).replaceAll("\\\\\'", "\'")"',
        "\"$input.params('name')\"",
        (MAPPING + "a_hostile_name_reaches_the_function_as_it_is",),
    ),
    Defect(
        "an error's text over several lines is status 200",
        "macro/mapping.py",
        r'r"\[400\][\s\S]*"',
        r'r"\[400\].*"',
        (MAPPING + "an_errors_text_picks_the_status",),
    ),
    Defect(
        "Condition dropped",
        "macro/build.py",
        '    if "Condition" in own:\n        added["Condition"] = own["Condition"]\n',
        "",
        (STAGES + "conditions_of_counter_and_stages_hold_together", *GOLDEN),
    ),
    Defect(
        "Metadata dropped",
        "macro/build.py",
        '        added["Metadata"] = {**resource.get("Metadata", {}), **own["Metadata"]}\n',
        "        pass\n",
        GOLDEN,
    ),
    Defect(
        "a Sub literal is rewritten",
        "macro/plugin.py",
        r"\$\{([^!{}][^{}]*)\}",
        r"\$\{!?([^{}]*)\}",
        GOLDEN,
    ),
    Defect(
        "a name in the map of a Sub is taken for the counter",
        "macro/references.py",
        "if match[1] in own or not _is_counter(name, exports):",
        "if not _is_counter(name, exports):",
        GOLDEN,
    ),
    Defect(
        "who depends on a counter waits for its first resource alone",
        "macro/references.py",
        "find_last_ids(exports[name].resources) if name in exports",
        "[*exports[name].resources][:1] if name in exports",
        GOLDEN,
    ),
    Defect(
        "the author's template is changed in place",
        "macro/references.py",
        "        changed = copy(node)\n        changed[:] = items\n",
        "        changed = node\n        changed[:] = items\n",
        ("tests/test_golden.py::test_expanding_leaves_its_input_alone_and_its_output_as_it_is",),
    ),
    Defect(
        "a default stays away where a branch of Fn::If leaves it out",
        "macro/plugin.py",
        "    if isinstance(own, Unset):\n        return value\n    if isinstance(own, Spread):\n"
        '        condition, yes, no = own["Fn::If"]\n        return {"Fn::If"',
        '    if isinstance(own, Spread):\n        condition, yes, no = own["Fn::If"]\n        return {"Fn::If"',
        (EXPAND + "the_defaults_stay_in_a_branch_that_leaves_them_out",),
    ),
)

PLUGINS = (
    Defect(
        "sort order of plug-ins unstable: by their names' hashes",
        "macro/resolve.py",
        "[makers[name] for name in names if name in makers]",
        "{makers[name] for name in names if name in makers}",
        (RESOLVE + "the_order_is_the_same_in_every_process",),
    ),
    Defect(
        "plug-ins that need nothing of each other change places",
        "macro/resolve.py",
        "needs = {plugin.name: [*plugin.inputs, *links.get(plugin.name, ())] for plugin in plugins}",
        "needs = {plugin.name: [*plugin.inputs, *links.get(plugin.name, ())] for plugin in plugins[::-1]}",
        (RESOLVE + "plugins_that_need_nothing_of_each_other_stay_in_their_order",),
    ),
    Defect(
        "two plug-ins make one output, and the last wins",
        "macro/resolve.py",
        "            elif name in makers:\n",
        "            elif False:\n",
        (RESOLVE + "what_can_not_be_ordered_is_told_by_names",),
    ),
    Defect(
        "a plug-in changes what others see",
        "macro/piece.py",
        "plugin.build(copy.deepcopy(dict(values)))",
        "plugin.build(values)",
        (EXPAND + "a_plugin_can_not_change_what_others_see",),
    ),
    Defect(
        "a plug-in puts a resource over another's",
        "macro/piece.py",
        "if logical_id in place.taken or logical_id == place.prefix:",
        "if False:",
        BAD,
    ),
    Defect(
        "a name that two packages register is whichever comes last",
        "macro/plugins/__init__.py",
        "if point.name in BUILT_IN or (point.name in found and found[point.name].value != point.value):",
        "if False:",
        (PLUGIN + "a_name_that_is_registered_twice_is_told",),
    ),
)

REFUSING = (
    Defect(
        "did-you-mean leaking: a message shows the value of Env",
        "macro/validate.py",
        "{describe(error.instance, is_secret)}",
        "{describe(error.instance)}",
        BAD,
    ),
    Defect(
        "a NoEcho parameter's value decides what is plain to see",
        "macro/literals.py",
        'if declared.get("NoEcho") in (True, "true"):',
        "if False:",
        BAD,
    ),
    Defect(
        "an unknown property is taken",
        "macro/accept.py",
        "lambda value: not isinstance(value, dict) or known.issuperset(value)",
        "lambda value: True",
        (ACCEPT + "quick_test_and_jsonschema_agree_on_any_properties", *BAD),
    ),
    Defect(
        "an unknown attribute of a counter passes",
        "macro/references.py",
        "        problems.append(Problem(path, text + suggest(attribute, sorted(attributes))))\n",
        "",
        BAD,
    ),
    Defect(
        "a parameter's id is taken for a resource",
        "macro/template.py",
        "if new_id in authors or new_id in owners:",
        "if new_id in authors:",
        BAD,
    ),
    Defect(
        "an author's resource is overwritten",
        "macro/template.py",
        "if new_id in authors or new_id in owners:",
        "if new_id in owners:",
        BAD,
    ),
    Defect(
        "more than 500 resources are let through",
        "macro/template.py",
        "if len(resources) > MAX_RESOURCES:",
        "if False:",
        BAD,
    ),
    Defect(
        "more than a megabyte is let through",
        "macro/template.py",
        "    if size > MAX_BYTES:\n",
        "    if False:\n",
        (CLI + "a_template_over_the_limit_is_refused",),
    ),
    Defect(
        "two stages become the same resources",
        "macro/stages.py",
        "        elif part in parts:\n",
        "        elif False:\n",
        BAD,
    ),
    Defect(
        "of several problems the first alone is told",
        "macro/expand.py",
        "raise InvalidTemplate(dict.fromkeys(problems))",
        "raise InvalidTemplate(problems[:1])",
        BAD,
    ),
    Defect(
        "a bug in the macro ends it without an answer",
        "macro/handler.py",
        "    except Exception:\n",
        "    except ValueError:\n",
        (HANDLER + "a_bug_is_one_line_with_a_reference_and_its_traceback_only_in_the_log",),
    ),
    Defect(
        "the other installation of the account is used",
        "macro/template.py",
        'return name.removeprefix(MACRO) if name.startswith(MACRO) else ""',
        'return ""',
        (HANDLER + "the_suffix_in_the_transforms_name_picks_the_installation",),
    ),
    Defect(
        "a key that stands twice is read once",
        "macro/local/reader.py",
        "            elif name in places:\n",
        "            elif False:\n",
        BAD,
    ),
    Defect(
        "a finding is told at the line of the wrong counter",
        "macro/local/lint.py",
        "key = keys[owners[logical_id]] if logical_id in owners else logical_id",
        "key = next(iter(keys.values())) if logical_id in owners else logical_id",
        (LINT + "a_finding_is_on_the_line_of_its_own_counter",),
    ),
    Defect(
        "a link that leads out of the code's folder is packed",
        "macro/local/code_zip.py",
        "if os.path.isabs(target) or inside.split(os.sep)[0] == os.pardir:",
        "if False:",
        (LOCAL_CODE + "a_link_that_leads_out_is_refused",),
    ),
    Defect(
        "the zips carry the day that they were made on",
        "macro/local/archive.py",
        "20, 20, 0, 1 << 5 | 1",
        "20, 20, 0, 46 << 9 | 11 << 5 | 22",
        (BUILTIN + "the_zip_is_the_same_on_every_day_and_its_key_is_known",),
    ),
)

INSTALLATION = (
    Defect(
        "the companion may pass roles to any service",
        "macro/install.yaml",
        "              StringEquals: {iam:PassedToService: [lambda.amazonaws.com, apigateway.amazonaws.com]}\n",
        "              StringLike: {iam:PassedToService: '*'}\n",
        (POLICIES + "iam_decides",),
    ),
    Defect(
        "the companion may write into any bucket's staged folder",
        "macro/install.yaml",
        "              - !Sub ${Bucket.Arn}/staged/*\n",
        "              - !Sub arn:${AWS::Partition}:s3:::*/staged/*\n",
        (POLICIES + "iam_decides",),
    ),
    Defect(
        "a counter's role may reach the installation",
        "macro/install.yaml",
        "          - Sid: LeaveInstallationsAlone\n            Effect: Deny\n",
        "          - Sid: LeaveInstallationsAlone\n            Effect: Allow\n",
        (POLICIES + "iam_decides",),
    ),
    Defect(
        "kept objects expire while functions run from them",
        "macro/install.yaml",
        "            Prefix: staged/\n",
        "            Prefix: ''\n",
        (INSTALL + "only_staged_objects_expire",),
    ),
    Defect(
        "parts of failed uploads stay for ever",
        "macro/install.yaml",
        "            AbortIncompleteMultipartUpload: {DaysAfterInitiation: 1}\n",
        "            ExpirationInDays: 36500\n",
        (INSTALL + "only_staged_objects_expire",),
    ),
    Defect(
        "the bucket's objects may be fetched over plain http",
        "macro/install.yaml",
        "            Action: s3:*\n            Resource: [!GetAtt Bucket.Arn, !Sub '${Bucket.Arn}/*']\n",
        "            Action: s3:*\n            Resource: [!GetAtt Bucket.Arn]\n",
        (POLICIES + "iam_decides",),
    ),
    Defect(
        "the bucket goes with the stack, and the code of functions with it",
        "macro/install.yaml",
        "    Type: AWS::S3::Bucket\n    DeletionPolicy: RetainExceptOnCreate\n",
        "    Type: AWS::S3::Bucket\n    DeletionPolicy: Delete\n",
        (INSTALL + "what_outlives_the_stack_is_left_out_of_a_creation_that_fails",),
    ),
)

MACRO = (*COUNTING, *EXPANSION, *PLUGINS, *REFUSING, *INSTALLATION)
