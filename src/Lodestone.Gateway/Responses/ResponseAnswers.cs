using System.Text;
using System.Text.Json;
using Lodestone.Core;
using Microsoft.AspNetCore.Http;

namespace Lodestone.Gateway;

/// <summary>One <c>response</c> object.</summary>
internal sealed class WholeResponse(HttpResponse response, AnswerHead head) : CollectedAnswer(response)
{
    protected override void WriteTo(Utf8JsonWriter json) => new ResponseObject(head).WriteTo(json, ResponseWords.Status(Only.Finish), Only, Made);
}

/// <summary>Named, numbered events: the response, its items, their texts and arguments bit by bit, and all of it again at the end.</summary>
internal sealed class StreamedResponse(HttpResponse response, AnswerHead head) : PipedAnswer(response)
{
    private readonly ResponseObject _object = new(head);
    private readonly CollectedChoice _choice = new(0);
    private readonly List<int> _calls = []; // open, in order, by the index that the model gave them
    private bool _hasBegun;
    private bool _hasText;
    private int _number;

    private int CallsFrom => _hasText ? 1 : 0;

    protected override void WriteNews(EngineEvent made)
    {
        Begin();
        _choice.Add(made);
        if (made.Text.Length > "\"\""u8.Length)
        {
            WriteText(made.Text.ToArray());
        }

        if (!made.Calls.IsEmpty)
        {
            ToolCallPieces.Read(made.Calls, WriteCall);
        }
    }

    protected override void WriteEnd()
    {
        Begin();
        EndText();
        for (var i = 0; i < _calls.Count; i++)
        {
            EndCall(i);
        }

        var status = ResponseWords.Status(_choice.Finish);
        Event($"response.{status}", json =>
        {
            json.WritePropertyName("response");
            _object.WriteTo(json, status, _choice, Made);
        });
    }

    protected override void WriteFailure(Refusal refusal, string requestId) => Event("error", json =>
    {
        json.WriteString("code", refusal.Code.Code);
        json.WriteString("message", refusal.Message);
        json.WriteString("param", refusal.Param);
        json.WriteString("request_id", requestId);
    });

    private void Begin()
    {
        if (_hasBegun)
        {
            return;
        }

        _hasBegun = true;
        foreach (var name in (ReadOnlySpan<string>)["response.created", "response.in_progress"])
        {
            Event(name, json =>
            {
                json.WritePropertyName("response");
                _object.WriteTo(json, "in_progress", choice: null, usage: null);
            });
        }
    }

    private void WriteText(byte[] quoted)
    {
        if (!_hasText)
        {
            _hasText = true;
            Event("response.output_item.added", json =>
            {
                json.WriteNumber("output_index", 0);
                json.WritePropertyName("item");
                ResponseObject.WriteText(json, _object.TextId, "in_progress", default);
            });
            Event("response.content_part.added", json => WritePart(json, "\"\""u8.ToArray()));
        }

        Event("response.output_text.delta", json =>
        {
            WritePlace(json);
            json.WritePropertyName("delta");
            json.WriteRawValue(quoted, skipInputValidation: true);
            json.WriteStartArray("logprobs");
            json.WriteEndArray();
        });
    }

    private void EndText()
    {
        if (!_hasText)
        {
            return;
        }

        var quoted = _choice.QuotedText;
        Event("response.output_text.done", json =>
        {
            WritePlace(json);
            json.WritePropertyName("text");
            json.WriteRawValue(quoted, skipInputValidation: true);
            json.WriteStartArray("logprobs");
            json.WriteEndArray();
        });
        Event("response.content_part.done", json => WritePart(json, quoted));
        Event("response.output_item.done", json =>
        {
            json.WriteNumber("output_index", 0);
            json.WritePropertyName("item");
            ResponseObject.WriteText(json, _object.TextId, "completed", quoted);
        });
    }

    private void WriteCall(ToolCallPiece piece)
    {
        var at = _calls.IndexOf(piece.Index);
        if (at < 0)
        {
            at = _calls.Count;
            _calls.Add(piece.Index);
            var opened = new CollectedCall();
            opened.Add(piece with { Arguments = "" });
            Event("response.output_item.added", json =>
            {
                json.WriteNumber("output_index", CallsFrom + at);
                json.WritePropertyName("item");
                ResponseObject.WriteCall(json, _object.CallId(at), "in_progress", opened);
            });
        }

        if (piece.Arguments.Length > 0)
        {
            Event("response.function_call_arguments.delta", json =>
            {
                json.WriteString("item_id", _object.CallId(at));
                json.WriteNumber("output_index", CallsFrom + at);
                json.WriteString("delta", piece.Arguments);
            });
        }
    }

    private void EndCall(int at)
    {
        var call = _choice.Calls[at];
        Event("response.function_call_arguments.done", json =>
        {
            json.WriteString("item_id", _object.CallId(at));
            json.WriteNumber("output_index", CallsFrom + at);
            json.WriteString("name", call.Name);
            json.WriteString("arguments", call.Arguments);
        });
        Event("response.output_item.done", json =>
        {
            json.WriteNumber("output_index", CallsFrom + at);
            json.WritePropertyName("item");
            ResponseObject.WriteCall(json, _object.CallId(at), "completed", call);
        });
    }

    private void WritePart(Utf8JsonWriter json, byte[] quoted)
    {
        WritePlace(json);
        json.WritePropertyName("part");
        ResponseObject.WritePart(json, quoted);
    }

    private void WritePlace(Utf8JsonWriter json)
    {
        json.WriteString("item_id", _object.TextId);
        json.WriteNumber("output_index", 0);
        json.WriteNumber("content_index", 0);
    }

    private void Event(string name, Action<Utf8JsonWriter> write) => Sse.Named(Body, Encoding.UTF8.GetBytes(name), json =>
    {
        json.WriteString("type", name);
        json.WriteNumber("sequence_number", _number++);
        write(json);
    });
}

internal static class ResponseWords
{
    public static string Status(string finish) => finish is "length" or "content_filter" ? "incomplete" : "completed";
}
