using Lodestone.Billing;
using Lodestone.Core;
using Microsoft.Extensions.Logging;

namespace Lodestone.Gateway;

/// <summary>
/// A call's place at one of a remote model's back-ends, and at another when that one fails before the client has a token. Back-ends
/// get calls by their weights; those that rest are passed over.
/// </summary>
internal sealed partial class RemoteSeat : ICallBackend
{
    private const long TemplateOverhead = 64;

    private readonly CalledModel _model;
    private readonly RemoteCalls _remote;
    private readonly Circuits _circuits;
    private readonly GatewayOptions _options;
    private readonly TimeProvider _clock;
    private readonly ILogger _log;
    private readonly HashSet<Guid> _tried = [];
    private RemoteBackend _backend;
    private RemoteEvents? _events;
    private BackendFault? _fault;
    private bool _isDecided;

    private RemoteSeat(CalledModel model, RemoteBackend first, RemoteCalls remote, Circuits circuits, GatewayOptions options, TimeProvider clock, ILogger log)
    {
        _model = model;
        _backend = first;
        _remote = remote;
        _circuits = circuits;
        _options = options;
        _clock = clock;
        _log = log;
        _tried.Add(first.Id);
    }

    public string Place => PublicId.Format("bak", _backend.Id);

    public Measurement Measurement => _events is { IsCountedThere: true } ? Measurement.Backend : Measurement.Estimated;

    public Refusal Loss => _fault?.Pause is { } pause ? GatewayRefusals.BackendBusy(_model.Id, pause) : GatewayRefusals.BackendLost(_model.Id);

    /// <exception cref="Refusal"><c>backend_unavailable</c>: every back-end rests.</exception>
    public static RemoteSeat Take(CalledModel model, RemoteCalls remote, Circuits circuits, GatewayOptions options, TimeProvider clock, ILogger log) =>
        Choose(model.Backends, circuits) is { } first
            ? new RemoteSeat(model, first, remote, circuits, options, clock, log)
            : throw GatewayRefusals.NoBackend(model.Id, model.Backends.Count == 0 ? TimeSpan.FromMinutes(1) : model.Backends.Min(b => circuits.Of(b.Id).Rest));

    // A token has a byte or more; what an image's bytes come to is bounded by the context.
    public CallSize? Bound(EngineRequest request)
    {
        var entry = _model.Entry!; // a remote model has one
        if (request.MaxTokens > entry.MaxOutput)
        {
            throw GatewayRefusals.MoreThanModel(request.MaxTokensName, request.MaxTokens.Value, entry.MaxOutput);
        }

        return new CallSize(Math.Min(request.PromptBytes + TemplateOverhead, entry.ContextLength), request.MaxTokens ?? entry.MaxOutput, request.Choices);
    }

    public Task<CallSize> MeasureAsync(EngineRequest request, CancellationToken cancel) => Task.FromResult(Bound(request)!); // never absent

    public async Task<CallEvents> OpenAsync(EngineRequest request, CallSize size, CancellationToken cancel)
    {
        var patience = new Patience(_options.FirstTokenWithin, _clock, cancel);
        try
        {
            var response = await _remote.PostAsync(_backend, request.Path, request.ForRemote(_backend.Model, size), patience.Token);
            return _events = new RemoteEvents(response, await response.Content.ReadAsStreamAsync(patience.Token), new RemoteCount(request.PromptBytes, size), patience, Well);
        }
        catch (Refusal)
        {
            patience.Dispose();
            Well(); // it works, and said what is wrong with the request
            throw;
        }
        catch
        {
            patience.Dispose();
            throw;
        }
    }

    public void Fail(Exception gone)
    {
        _isDecided = true;
        _fault = gone as BackendFault;
        if (_fault?.Pause is { } pause)
        {
            _circuits.Of(_backend.Id).RestFor(pause);
        }
        else
        {
            _circuits.Of(_backend.Id).Failed();
        }

        BackendFailed(_log, _model.Id, _backend.Url);
    }

    public Task<bool> FailOverAsync(CancellationToken cancel)
    {
        if (Choose([.. _model.Backends.Where(b => !_tried.Contains(b.Id))], _circuits) is not { } next)
        {
            return Task.FromResult(false);
        }

        _tried.Add(next.Id);
        _circuits.Of(_backend.Id).End();
        (_backend, _events, _isDecided) = (next, null, false);
        return Task.FromResult(true);
    }

    public ValueTask DisposeAsync()
    {
        _circuits.Of(_backend.Id).End();
        if (!_isDecided)
        {
            _circuits.Of(_backend.Id).Left();
        }

        return ValueTask.CompletedTask;
    }

    private void Well()
    {
        _isDecided = true;
        _circuits.Of(_backend.Id).Succeeded();
    }

    private static RemoteBackend? Choose(IReadOnlyList<RemoteBackend> backends, Circuits circuits)
    {
        var left = backends.ToList();
        while (left.Count > 0)
        {
            var chosen = Draw(left.Exists(HasSeat) ? left.FindAll(HasSeat) : left); // one that takes over for another may sit on the arm
            var circuit = circuits.Of(chosen.Id);
            if (circuit.TryEnter())
            {
                circuit.Begin();
                return chosen;
            }

            left.Remove(chosen);
        }

        return null;

        bool HasSeat(RemoteBackend backend) => backend.Seats is not { } seats || circuits.Of(backend.Id).Answering < seats;
    }

    private static RemoteBackend Draw(List<RemoteBackend> backends)
    {
        var total = backends.Sum(b => b.Weight);
        if (total == 0)
        {
            return backends[Random.Shared.Next(backends.Count)];
        }

        var at = Random.Shared.NextInt64(total);
        return backends.First(b => (at -= b.Weight) < 0);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "A back-end of {Model} failed: {Address}")]
    private static partial void BackendFailed(ILogger log, string model, string address);
}
