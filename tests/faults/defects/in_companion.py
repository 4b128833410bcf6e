"""Defects of the companion: mistakes that would lose functions, secrets or answers."""

from tests.faults.defects.defect import Defect

HERE = "tests/transform_lambda/"
ANSWER = HERE + "test_answer.py::test_"
ANSWER_URL = HERE + "test_answer_url.py::test_"
CODE_STORE = HERE + "test_aws_code_store.py::test_"
ENV_FILE = HERE + "test_env_file.py::test_"
FENCE_TABLE = HERE + "test_fence_table.py::test_"
FUNCTION = HERE + "test_lambda_function.py::test_"
FUNCTIONS = HERE + "test_aws_functions.py::test_"
GATEWAY = HERE + "test_gateway_resource.py::test_"
GATEWAYS = HERE + "test_aws_gateways.py::test_"
HANDLER = HERE + "test_handler.py::test_"
LOCK = HERE + "test_gateway_lock.py::test_"
REFUSALS = HERE + "test_zip_refusals.py::test_"
REMOTE = HERE + "test_zip_remote.py::test_"
REWRITE = HERE + "test_zip_rewrite.py::test_"
UNDO = HERE + "test_function_undo.py::test_"
WRAPPER = HERE + "test_wrapper.py::test_"

FENCE_AND_LEDGER = (
    Defect(
        "no fence: an older request is carried out after a newer one",
        "transform_lambda/fence.py",
        "    if request.request_id in record.seen or (rank is not None and rank < record.rank):\n"
        "        raise _overtaken(request)\n",
        "",
        (WRAPPER + "an_older_request_that_comes_late_changes_nothing_and_says_so",),
    ),
    Defect(
        "the fence is not asked before a change",
        "transform_lambda/fence.py",
        "    if record.request_id != request.request_id:\n        raise _overtaken(request)\n    return record\n",
        "    return record\n",
        (WRAPPER + "an_update_overtaken_by_its_rollback_is_stopped_at_its_check",),
    ),
    Defect(
        "an older request lowers the fence",
        "transform_lambda/fence.py",
        "rank=max(record.rank, rank or 0)",
        "rank=rank or 0",
        (WRAPPER + "a_request_without_an_issue_time_does_not_lower_the_fence",),
    ),
    Defect(
        "an answered request is carried out again",
        "transform_lambda/fence.py",
        "        if record.is_answered:\n            raise Repeated\n        return record\n",
        "        return record\n",
        (WRAPPER + "a_request_that_was_answered_is_left_alone_when_it_comes_again",),
    ),
    Defect(
        "answered requests are forgotten after one more",
        "transform_lambda/fence.py",
        "_REMEMBERED_REQUESTS = 100",
        "_REMEMBERED_REQUESTS = 1",
        (WRAPPER + "a_request_that_was_answered_is_left_alone_however_many_came_after_it",),
    ),
    Defect(
        "within a second, a Create comes after the Delete that cancels it",
        "transform_lambda/fence.py",
        "issued * len(_RANKS) + _RANKS[request.type]",
        "issued * len(_RANKS) - _RANKS[request.type]",
        (WRAPPER + "within_a_second_a_delete_follows_the_create_it_cancels",),
    ),
    Defect(
        "a record is written over any version",
        "transform_lambda/fence_table.py",
        "put_item(TableName=self._table, Item=item, **condition)",
        "put_item(TableName=self._table, Item=item)",
        (FENCE_TABLE + "a_record_is_written_over_the_version_before_it_alone",),
    ),
    Defect(
        "a record may be read as it was some time ago",
        "transform_lambda/fence_table.py",
        ", ConsistentRead=True)",
        ")",
        (FENCE_TABLE + "a_record_is_read_as_the_last_write_left_it",),
    ),
    Defect(
        "a write whose answer was lost counts as refused",
        "transform_lambda/fence_table.py",
        "return self.read(key) == record",
        "return False",
        (FENCE_TABLE + "a_write_whose_answer_was_lost_counts_as_written",),
    ),
    Defect(
        "records expire before the last late copy",
        "transform_lambda/fence_table.py",
        "KEPT_SECONDS = 90 * 24 * 3600",
        "KEPT_SECONDS = 90 * 24",
        (FENCE_TABLE + "an_item_expires_long_after_the_last_late_copy",),
    ),
    Defect(
        "the ledger is written after creating",
        "transform_lambda/work.py",
        "    if request.type == CREATE:\n        guard.note(request.physical_id)\n"
        "    result = handler.create(request) if request.type == CREATE else handler.update(request)\n",
        "    result = handler.create(request) if request.type == CREATE else handler.update(request)\n"
        "    if request.type == CREATE:\n        guard.note(request.physical_id)\n",
        (WRAPPER + "a_cancelled_create_removes_what_it_makes_after_its_delete",),
    ),
    Defect(
        "an Update sweeps nothing",
        "transform_lambda/wrapper.py",
        "if self._request.type == UPDATE:",
        "if False:",
        (WRAPPER + "what_a_failed_replacing_update_left_is_swept_by_the_rollback",),
    ),
    Defect(
        "a name is taken that another request may still remove",
        "transform_lambda/ledger.py",
        "return any(until > now for holder, until in record.names.get(name, {}).items() if holder not in own)",
        "return False",
        (WRAPPER + "a_name_that_an_earlier_request_may_still_remove_is_waited_for_in_vain",),
    ),
    Defect(
        "what a policy retains is swept",
        "transform_lambda/ledger.py",
        "return name == record.current or name in record.known",
        "return name == record.current",
        (WRAPPER + "a_retained_thing_outlives_an_update_back_to_its_name_that_fails",),
    ),
    Defect(
        "an answered physical id stays in the ledger",
        "transform_lambda/wrapper.py",
        "            self._guard.settle(result.physical_id)\n",
        "            pass\n",
        (WRAPPER + "the_old_thing_of_a_replacement_is_removed_by_its_own_delete_alone",),
    ),
    Defect(
        "an overtaken request keeps what it made",
        "transform_lambda/wrapper.py",
        'return answer, self._quietly("give back", lambda: give_back(self._request, handler, self._guard))',
        "return answer, True",
        (WRAPPER + "a_replacing_update_that_ends_after_its_rollback_leaves_nothing",),
    ),
    Defect(
        "the installation's table is not used",
        "transform_lambda/handler.py",
        "    if not table:\n        return None\n",
        "    return None\n",
        (HANDLER + "with_a_table_requests_are_remembered_in_it",),
    ),
)

ONE_ANSWER = (
    Defect(
        "the watchdog is off",
        "transform_lambda/one_answer.py",
        "    timer.start()\n",
        "",
        (WRAPPER + "the_watchdog_answers_before_the_time_is_over_and_the_late_result_is_not_sent",),
    ),
    Defect(
        "a request is answered twice",
        "transform_lambda/one_answer.py",
        "            if not self._is_given:\n",
        "            if True:\n",
        (WRAPPER + "the_watchdog_answers_before_the_time_is_over_and_the_late_result_is_not_sent",),
    ),
    Defect(
        "an answer that did not arrive is taken for sent",
        "transform_lambda/one_answer.py",
        "                self._send(self._url, answer)\n",
        "                try:\n                    self._send(self._url, answer)\n"
        "                except Exception:\n                    return True\n",
        (WRAPPER + "an_answer_that_cannot_be_sent_is_raised_and_the_next_delivery_answers",),
    ),
    Defect(
        "work goes on after the watchdog's answer",
        "transform_lambda/wrapper.py",
        "        self._guard.close()\n",
        "",
        (WRAPPER + "what_comes_after_the_watchdogs_answer_creates_nothing_more",),
    ),
    Defect(
        "no time is left for the answer",
        "transform_lambda/limits.py",
        "_ANSWER_SECONDS, _ANSWER_SHARE = 15.0, 0.2",
        "_ANSWER_SECONDS, _ANSWER_SHARE = 0.0, 0.0",
        (HERE + "test_limits.py::test_the_shorter_of_lambdas_and_the_templates_time_counts",),
    ),
    Defect(
        "ServiceTimeout is ignored",
        "transform_lambda/limits.py",
        "span = min(remaining, _service_timeout(event))",
        "span = remaining",
        (HERE + "test_limits.py::test_the_shorter_of_lambdas_and_the_templates_time_counts",),
    ),
    Defect(
        "a package that exits ends the companion without an answer",
        "transform_lambda/handler.py",
        "    except (Exception, SystemExit) as error:\n        print(",
        "    except ImportError as error:\n        print(",
        (HANDLER + "a_broken_sdk_is_answered_too",),
    ),
    Defect(
        "no size check: a long Reason is sent whole",
        "transform_lambda/answer.py",
        "    if len(_encode(fitted)) <= LARGEST_BYTES:\n        return _encode(fitted)\n",
        "    return _encode(fitted)\n",
        (ANSWER + "a_long_reason_fills_the_answer",),
    ),
    Defect(
        "Data that does not fit is sent",
        "transform_lambda/answer.py",
        "    if size > LARGEST_BYTES:\n",
        "    if size > 2 * LARGEST_BYTES:\n",
        (ANSWER + "data_that_does_not_fit_is_refused_by_its_longest_key",),
    ),
    Defect(
        "NoEcho is lost",
        "transform_lambda/answer.py",
        '"NoEcho": result.no_echo is True',
        '"NoEcho": False',
        (ANSWER + "no_echo_is_said_for_each_result",),
    ),
    Defect(
        "a failed Update changes the physical id",
        "transform_lambda/answer.py",
        " if request.type == CREATE else request.physical_id\n",
        "\n",
        (ANSWER + "a_failed_create_is_answered_with_a_marker_and_others_with_what_they_are",),
    ),
    Defect(
        "the answer has a content type, for which its URL is not signed",
        "transform_lambda/answer.py",
        '{"Content-Type": ""}',
        '{"Content-Type": "application/json"}',
        (ANSWER + "the_answer_is_put_with_an_empty_content_type_to_path_and_query_as_they_are",),
    ),
    Defect(
        "a 403 is taken for delivered",
        "transform_lambda/answer.py",
        "    if 200 <= status < 300:\n",
        "    if 200 <= status < 500:\n",
        (ANSWER + "what_never_goes_right_is_told_and_not_tried_again",),
    ),
    Defect(
        "the answer is not sent again after a 5xx",
        "transform_lambda/answer.py",
        "if status >= 500 or status in _RETRIED:",
        "if status in _RETRIED:",
        (ANSWER + "what_may_go_right_the_next_time_is_tried_again",),
    ),
    Defect(
        "the host check is loosened: any of AWS's hosts gets answers",
        "transform_lambda/answer_url.py",
        "host not in _hosts(region)",
        'not host.endswith("amazonaws.com")',
        (ANSWER_URL + "no_other_url_gets_a_request",),
    ),
    Defect(
        "answers go over plain http",
        "transform_lambda/answer_url.py",
        'parts.scheme != "https" or port',
        "port",
        (ANSWER_URL + "no_other_url_gets_a_request",),
    ),
    Defect(
        "a URL with a user in front of its host gets answers",
        "transform_lambda/answer_url.py",
        ' or "@" in parts.netloc',
        "",
        (ANSWER_URL + "no_other_url_gets_a_request",),
    ),
    Defect(
        "the door answers hosts that only begin like CloudFormation's",
        "transform_lambda/handler.py",
        "re.fullmatch(host, netloc)",
        "re.match(host, netloc)",
        (HANDLER + "the_door_answers_nowhere_else_than_the_rest_does",),
    ),
    Defect(
        "a Delete of an unknown type succeeds though something was made",
        "transform_lambda/wrapper.py",
        "if request.type == DELETE and was_never_made:",
        "if request.type == DELETE:",
        (WRAPPER + "a_delete_of_an_unknown_type_that_was_made_fails",),
    ),
    Defect(
        "secrets in a log line: nothing is hidden",
        "transform_lambda/log.py",
        '            text = re.sub(pattern, "***", text)\n',
        "            pass\n",
        (WRAPPER + "logs_are_json_lines_without_values_urls_and_queries",),
    ),
    Defect(
        "secrets in the Reason",
        "transform_lambda/wrapper.py",
        '" ".join(redact(reason, self._event).split())',
        '" ".join(reason.split())',
        (FUNCTION + "no_secret_is_in_any_log_reason_or_data",),
    ),
    Defect(
        "a presigned URL in a log line",
        "transform_lambda/log.py",
        'return _QUERY.sub(r"\\1?***", text)',
        "return text",
        (WRAPPER + "logs_are_json_lines_without_values_urls_and_queries",),
    ),
    Defect(
        "stacks share physical ids",
        "transform_lambda/identity.py",
        "{_digest(stack_id, logical_id, generation)}",
        "{_digest(logical_id, generation)}",
        (HERE + "test_identity.py::test_other_resources_have_other_names",),
    ),
)

FUNCTION_LIFE = (
    Defect(
        "the ownership tag of the stack is not compared",
        "transform_lambda/resources/function_tags.py",
        "return (found.tags.get(STACK), found.tags.get(LOGICAL_ID)) == (request.stack_id, request.logical_id)",
        "return found.tags.get(LOGICAL_ID) == request.logical_id",
        (FUNCTION + "a_function_that_is_not_ours_is_left_untouched",),
    ),
    Defect(
        "a Delete removes whatever bears the name",
        "transform_lambda/resources/lambda_function.py",
        "if found is None or not is_ours(found, request):",
        "if found is None:",
        (FUNCTION + "a_function_that_is_not_ours_is_left_untouched",),
    ),
    Defect(
        "a refused Create deletes a function that took its place",
        "transform_lambda/resources/function_undo.py",
        "if found and is_ours(found, self._target.request):",
        "if found:",
        (FUNCTION + "a_function_that_took_the_place_of_the_one_just_made_is_not_taken_back",),
    ),
    Defect(
        "the physical id changes on update",
        "transform_lambda/resources/function_properties.py",
        "        )\n    return request.physical_id\n",
        "        )\n    return name\n",
        (FUNCTION + "a_function_that_goes_by_another_generated_name_keeps_it",),
    ),
    Defect(
        "every change of a property is another function",
        "transform_lambda/resources/function_properties.py",
        'generation = json.dumps(fixed, sort_keys=True) if fixed else ""',
        "generation = json.dumps(dict(properties), sort_keys=True)",
        (FUNCTION + "an_update_of_the_configuration_alone_sends_what_differs",),
    ),
    Defect(
        "no RevisionId: an update is of any revision",
        "transform_lambda/resources/function_steps.py",
        'return str(found.configuration.get("RevisionId", ""))',
        'return ""',
        (FUNCTION + "another_revision_is_looked_at_again_before_the_update",),
    ),
    Defect(
        "the RevisionId is not sent",
        "transform_lambda/aws_functions.py",
        'return {"RevisionId": revision} if revision else {}',
        "return {}",
        (FUNCTIONS + "each_change_is_one_request_of_the_api",),
    ),
    Defect(
        "a function is changed without asking the fence first",
        "transform_lambda/resources/step_by_step.py",
        "        self._request.guard.check()\n",
        "",
        (FUNCTION + "an_update_that_is_overtaken_while_it_looks_changes_nothing",),
    ),
    Defect(
        "a change is not waited for",
        "transform_lambda/resources/function_state.py",
        '{configuration.get("State"), configuration.get("LastUpdateStatus")}',
        '{configuration.get("State")}',
        (FUNCTION + "each_change_is_waited_for",),
    ),
    Defect(
        "an update that failed is a success",
        "transform_lambda/resources/function_state.py",
        'if is_updated and configuration.get("LastUpdateStatus") == "Failed":',
        "if False:",
        (FUNCTION + "an_update_that_fails_is_told_and_mended_by_the_rollback",),
    ),
    Defect(
        "a role that is not known yet fails the function",
        "transform_lambda/aws_functions.py",
        '    "cannot be assumed by Lambda",\n',
        "",
        (FUNCTIONS + "what_passes_by_itself_is_told_from_what_does_not",),
    ),
    Defect(
        "an endless throttle is tried beyond the request's time",
        "transform_lambda/resources/patience.py",
        "+ seconds + _MARGIN_SECONDS > self._request.deadline",
        "- 60.0 > self._request.deadline",
        (FUNCTION + "an_endless_throttle_is_answered_before_the_end",),
    ),
    Defect(
        "a refused update stays half done",
        "transform_lambda/resources/function_change.py",
        "            self._take_back(is_over=isinstance(error, TimeOver))\n",
        "",
        (UNDO + "an_update_that_is_refused_at_any_call_leaves_all_as_it_was",),
    ),
    Defect(
        "an object is removed that Lambda may run from",
        "transform_lambda/resources/function_change.py",
        " or (is_over and self._source.is_kept)",
        "",
        (FUNCTION + "an_object_that_lambda_may_run_from_by_now_is_not_removed",),
    ),
    Defect(
        "code that was changed by hand is not put back",
        "transform_lambda/resources/function_tags.py",
        "return found.tags.get(CODE_SHA256, now) == now and found.tags",
        "return found.tags",
        (FUNCTION + "code_that_was_changed_by_hand_is_put_back",),
    ),
    Defect(
        "an update takes away the tags of others",
        "transform_lambda/resources/function_tags.py",
        "(had if isinstance(had, Mapping) else {})",
        "found.tags",
        (FUNCTION + "tags_of_the_template_come_and_go_and_those_of_others_stay",),
    ),
    Defect(
        "versions that a rollback needs are pruned",
        "transform_lambda/resources/function_versions.py",
        "[: -max(keep, _FEWEST)]",
        "[:-keep]",
        (FUNCTION + "the_two_versions_before_stay_until_the_next_change",),
    ),
    Defect(
        "a version is used again by what a list tells of it, which has no state",
        "transform_lambda/resources/function_versions.py",
        "return found.configuration",
        'return {**found.configuration, "State": "Active"}',
        (FUNCTION + "a_version_that_a_first_delivery_published_is_waited_for_by_the_second",),
    ),
    Defect(
        "what a structure of settings holds no more stays",
        "transform_lambda/resources/function_settings.py",
        "value = _emptied(member, value, now)",
        "pass",
        (
            HERE
            + "test_function_settings.py::test_what_differs_is_sent_and_what_is_not_wanted_goes_back_to_its_default",
        ),
    ),
    Defect(
        "the word false is true",
        "transform_lambda/typed.py",
        'return {"true": True, "false": False}.get(_text(value).lower())',
        "return bool(_text(value))",
        (HERE + "test_typed.py::test_properties_become_what_the_api_takes",),
    ),
    Defect(
        "objects that functions run from expire",
        "transform_lambda/resources/function_code.py",
        'KEPT = "kept/"',
        'KEPT = "staged/"',
        ("tests/macro/test_install_template.py::test_names_and_prefixes_are_those_of_the_companions_code",),
    ),
)

CODE_IN_S3 = (
    Defect(
        "the staged key is not content-addressed: the env file is not in it",
        "transform_lambda/zip_remote.py",
        "parts = (archive.source_sha256, archive.path, hashlib.sha256(env).hexdigest())",
        "parts = (archive.source_sha256, archive.path)",
        (REMOTE + "the_key_is_the_identity_and_tells_code_and_env_apart",),
    ),
    Defect(
        "a staged object is used whatever it is",
        "transform_lambda/zip_remote.py",
        "if staged and (staged.size, dict(staged.metadata)) == (size, upload.metadata):",
        "if staged:",
        (REMOTE + "a_staged_object_that_is_not_what_its_key_says_is_replaced",),
    ),
    Defect(
        "a failed multipart upload is not aborted",
        "transform_lambda/zip_remote.py",
        "            job.store.abort_upload(upload)\n",
        "            pass\n",
        (REMOTE + "an_upload_that_fails_is_aborted",),
    ),
    Defect(
        "If-Match is missing from a copy",
        "transform_lambda/aws.py",
        "                CopySourceIfMatch=source.etag,\n",
        "",
        (CODE_STORE + "requests_are_pinned_and_name_the_owner",),
    ),
    Defect(
        "If-Match is missing from a read",
        "transform_lambda/aws.py",
        "IfMatch=source.etag, ",
        "",
        (CODE_STORE + "requests_are_pinned_and_name_the_owner",),
    ),
    Defect(
        "the version that was read is not pinned",
        "transform_lambda/aws.py",
        "version=place.version or _version(answer)",
        "version=place.version",
        (CODE_STORE + "the_newest_version_is_pinned_while_another_one_comes",),
    ),
    Defect(
        "the size of the staged object is not proved",
        "transform_lambda/aws.py",
        "                MpuObjectSize=size,\n",
        "",
        (CODE_STORE + "an_object_of_another_size_than_planned_does_not_come_to_be",),
    ),
    Defect(
        "the staging bucket may be anyone's",
        "transform_lambda/aws.py",
        '"Key": key, "ExpectedBucketOwner": self._owner}',
        '"Key": key}',
        (CODE_STORE + "requests_are_pinned_and_name_the_owner",),
    ),
    Defect(
        "a range is one byte too long",
        "transform_lambda/aws.py",
        "{start + length - 1}",
        "{start + length}",
        (CODE_STORE + "a_large_archive_is_staged",),
    ),
    Defect(
        "a range that came short is used",
        "transform_lambda/aws.py",
        "        if len(data) != length:\n",
        "        if False:\n",
        (CODE_STORE + "a_range_that_comes_short_is_an_error",),
    ),
    Defect(
        "parts are smaller than S3 takes",
        "transform_lambda/parts.py",
        "SMALLEST = 5 << 20",
        "SMALLEST = 4 << 20",
        (CODE_STORE + "parts_of_the_smallest_size_are_taken_by_s3",),
    ),
    Defect(
        "code beyond Lambda's limit is staged",
        "transform_lambda/zip_remote.py",
        "    if unpacked > UNPACKED_LIMIT:\n",
        "    if False:\n",
        (REMOTE + "code_beyond_lambdas_limit_is_refused_before_anything_is_copied",),
    ),
)

ARCHIVES = (
    Defect(
        "header offset off by one",
        "transform_lambda/zip/plan.py",
        "        offset = start + delta\n",
        "        offset = start + delta + 1\n",
        (REWRITE + "all_other_members_stay_as_they_are_byte_for_byte",),
    ),
    Defect(
        "CRC not checked",
        "transform_lambda/zip/member.py",
        " or zlib.crc32(data) != member.record.crc:",
        ":",
        (REFUSALS + "what_cannot_be_rewritten_safely_is_refused_with_the_member_and_the_remedy",),
    ),
    Defect(
        "a small env file may inflate to any size",
        "transform_lambda/zip/member.py",
        "engine.decompress(packed, FILE_LIMIT + 1)",
        "engine.decompress(packed)",
        (REFUSALS + "what_inflates_without_end_costs_little_memory",),
    ),
    Defect(
        "encrypted archives are rewritten",
        "transform_lambda/zip/directory.py",
        "bool(flags & ENCRYPTED)",
        "False",
        (REFUSALS + "what_cannot_be_rewritten_safely_is_refused_with_the_member_and_the_remedy",),
    ),
    Defect(
        "members that overlap are rewritten",
        "transform_lambda/zip/extents.py",
        "        if slack < 0:\n            raise _overlap(members, place)\n",
        "",
        (REFUSALS + "what_cannot_be_rewritten_safely_is_refused_with_the_member_and_the_remedy",),
    ),
    Defect(
        "an archive with two end records is rewritten",
        "transform_lambda/zip/end_record.py",
        "    if fitting != places[-1:]:\n",
        "    if False:\n",
        (REFUSALS + "what_cannot_be_rewritten_safely_is_refused_with_the_member_and_the_remedy",),
    ),
    Defect(
        "a member that unpacks onto the env file stays beside it",
        "transform_lambda/zip/names.py",
        "        if resolved == wanted and (each.endswith(",
        "        if False and (each.endswith(",
        (REFUSALS + "what_cannot_be_rewritten_safely_is_refused_with_the_member_and_the_remedy",),
    ),
    Defect(
        "an env file that is a symlink is replaced",
        "transform_lambda/zip/names.py",
        "(kind not in (0, stat.S_IFREG) or record.external & _DOS_DIRECTORY)",
        "record.external & _DOS_DIRECTORY",
        (REFUSALS + "what_cannot_be_rewritten_safely_is_refused_with_the_member_and_the_remedy",),
    ),
    Defect(
        "wrong digest: stages of one object differ",
        "transform_lambda/zip/members.py",
        "        if name != without:\n",
        "        if True:\n",
        (REWRITE + "the_source_digest_is_the_same_whatever_the_env_file_says",),
    ),
    Defect(
        "wrong digest: another content is the same code",
        "transform_lambda/zip/members.py",
        "_DIGESTED.pack(len(name), method, crc, packed,",
        "_DIGESTED.pack(len(name), method, 0, packed,",
        (REWRITE + "the_source_digest_differs_where_another_content_has_the_same_size",),
    ),
    Defect(
        "the env file is for its owner alone to read",
        "transform_lambda/zip/member.py",
        "    before = before._replace(external=before.external | _READABLE)\n",
        "",
        (REWRITE + "a_file_that_lambda_could_not_read_becomes_readable_by_all_and_no_other_does",),
    ),
    Defect(
        "dead bytes, and the old secrets in them, are kept",
        "transform_lambda/zip/plan.py",
        "sorted([*directory.gaps, *((",
        "sorted([*((",
        (REWRITE + "dead_bytes_between_members_are_left_out",),
    ),
)

ENV = (
    Defect(
        "a value with a # is written for readers that cut it there",
        "transform_lambda/env_file.py",
        '    if "#" in value:\n',
        "    if False:\n",
        (ENV_FILE + "a_value_that_readers_disagree_about_is_refused_by_its_name",),
    ),
    Defect(
        "what was merged is not read again",
        "transform_lambda/env_file.py",
        "    _refuse(_differences(text, merged, values))\n",
        "",
        (ENV_FILE + "a_file_that_hides_the_value_from_a_reader_is_refused",),
    ),
    Defect(
        "a name that stands twice keeps both lines",
        "transform_lambda/env_file.py",
        "if line.name not in values or last[line.name] == index",
        "if True",
        (ENV_FILE + "values_are_merged_into_the_text",),
    ),
    Defect(
        "line ends of Windows become Unix's",
        "transform_lambda/env_file.py",
        '        return "\\r\\n"\n',
        '        return "\\n"\n',
        (ENV_FILE + "values_are_merged_into_the_text",),
    ),
)

GATEWAYS_LIFE = (
    Defect(
        "AddPermission without SourceArn: any API may call the function",
        "transform_lambda/resources/gateway_permission.py",
        '"SourceArn": source',
        "**{}",
        (GATEWAY + "a_gateway_is_made_with_one_call_for_each_thing",),
    ),
    Defect(
        "AddPermission without SourceAccount",
        "transform_lambda/resources/gateway_permission.py",
        '"SourceAccount": calls.request.stack_id.split(":")[4],',
        "",
        (GATEWAY + "a_gateway_is_made_with_one_call_for_each_thing",),
    ),
    Defect(
        "the deployment does not depend on the integration",
        "transform_lambda/resources/gateway_tree.py",
        'if name not in ("operationName", ',
        'if name not in ("methodIntegration", "operationName", ',
        (GATEWAY + "a_change_is_made_by_patches_of_what_differs_and_deployed_once",),
    ),
    Defect(
        "two requests work on one API at once",
        "transform_lambda/resources/gateway_lock.py",
        "if any(until > self._clock.now() for until in record.names.get(_HELD, {}).values()):",
        "if False:",
        (LOCK + "the_second_waits_until_the_first_is_done",),
    ),
    Defect(
        "a quota that is used up is tried again until time is over",
        "transform_lambda/aws_gateways.py",
        "is_passing = code in _PASSING and not is_quota",
        "is_passing = code in _PASSING",
        (GATEWAYS + "a_quota_is_no_rate_and_not_tried_again",),
    ),
)

COMPANION = (*FENCE_AND_LEDGER, *ONE_ANSWER, *FUNCTION_LIFE, *CODE_IN_S3, *ARCHIVES, *ENV, *GATEWAYS_LIFE)
